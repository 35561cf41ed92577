"""Go's opinion of the bridge's answers; Grafana's server is written in Go."""

from go_program import answers


def faults(given):
    """Return what Go says against each answer, a pair of how it is read and its text; empty if nothing."""
    return answers("strict", [{"kind": kind, "body": body} for kind, body in given])
