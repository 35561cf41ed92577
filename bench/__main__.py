"""The command line: what is measured, in which order, and where the report goes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from _pytest.outcomes import Failed

from bench import capacity, ingest, integrity, limits, load, memory, query, sessions, stages, visible
from bench import peers as databases
from bench.figures import Figures
from bench.machine import description
from bench.report import HERE, missed, report
from bench.systems import Livemon, System
from bench.timing import say
from bench.upstream import Sisock

PARTS = (
    "ingest",
    "memory",
    "query",
    "router",
    "clients",
    "visible",
    "limits",
    "integrity",
    "stages",
    "load",
    "capacity",
)
ON_SYSTEM = {"ingest", "query", "router", "clients", "visible", "limits", "integrity", "stages"}
OF_OLD = {"ingest", "query", "clients", "visible", "integrity"}
FAULTS = (Failed, RuntimeError, TimeoutError, OSError, subprocess.SubprocessError)
RESULTS = HERE / "RESULTS.md"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Measure this part only; may be repeated.")
@click.option("--quick", is_flag=True, help="About a minute and a half: fewer repetitions, windows of 1 h and 24 h.")
@click.option(
    "--upstream",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Measure the old stack beside ours: an unmodified checkout, made by"
    " `git clone https://github.com/simonsobs/sisock DIR`.",
)
@click.option(
    "--peers",
    is_flag=True,
    help="Measure VictoriaMetrics and InfluxDB beside ours, from the packages of Debian or Ubuntu.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the report goes. Default: a full run writes bench/RESULTS.md, any other prints it.",
)
def main(only: tuple[str, ...], quick: bool, upstream: Path | None, peers: bool, output: Path | None) -> None:
    """Measure livemon: ingest, memory, queries, and what happens at its limits; write a report.

    Everything runs on this machine's loopback, in a temporary directory: a router, hub, data nodes and a bridge, as the product
    starts them. Full: about 6 minutes; with --upstream 3 more, with --peers one more. Nothing else heavy should run meanwhile.
    Whatever was started is ended, and whatever is waited for has a limit.
    """
    parts = set(only or PARTS)
    figures, machine = Figures(), description()
    sessions.start_reactor()
    try:
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="livemon-bench-")))
            measure(figures, directory, parts, quick=quick, upstream=upstream, peers=peers)
    except FAULTS as error:
        sys.exit(f"bench: {error}")
    words = ["bench/run", *(f"--only {part}" for part in only), *(["--quick"] if quick else [])]
    words += [*(["--upstream DIR"] if upstream else []), *(["--peers"] if peers else [])]
    text = report(figures, machine, " ".join(words))
    if output is None and not only and not quick:
        output = RESULTS
    if output is None:
        print(text)
    else:
        output.write_text(text)
        say(f"wrote {output.name}")
    for line in missed(figures):
        say(f"missed: {line}")


def measure(
    figures: Figures, directory: Path, parts: set[str], *, quick: bool, upstream: Path | None, peers: bool
) -> None:
    """Measure the parts, ours and beside it what else was asked for."""
    windows = ["1 h", "24 h"] if quick else ["1 h", "24 h", "7 d"]
    if "ingest" in parts:
        say("ingest: the feed node alone")
        ingest.node_alone(figures, windows, 2000 if quick else 50_000)
    if "memory" in parts:
        memory.measure(figures, 3 if quick else 7)
    if parts & ON_SYSTEM:
        with Livemon(directory / "livemon", windows) as ours:
            ours.fill()
            of_system(figures, ours, parts, quick=quick)
            of_livemon(figures, ours, parts, quick=quick)
    if "load" in parts:
        load.measure(figures, directory / "load", 10 if quick else 60)
    if "capacity" in parts:
        capacity.measure(figures, directory / "capacity", 5 if quick else 20)
    if upstream and parts & OF_OLD:
        with reported(figures, "sisock"), Sisock(directory / "sisock", upstream, ["1 h", "24 h"]) as old:
            old.fill()
            of_system(figures, old, parts, quick=quick)
    if peers and "query" in parts:
        with reported(figures, "VictoriaMetrics and InfluxDB"):
            databases.measure(figures, directory / "peers", 40 if quick else 100)


@contextmanager
def reported(figures: Figures, what: str) -> Iterator[None]:
    """Go on when others fail, and tell it in the report: our own figures are still good."""
    try:
        yield
    except FAULTS as error:
        figures.table("Not measured", ("what", "why")).add(what, " ".join(str(error).split()))


def of_system(figures: Figures, system: System, parts: set[str], *, quick: bool) -> None:
    """Measure what both stacks do; the old one, three orders slower, less often."""
    often = system.name == "livemon"
    if "query" in parts:
        most = (60 if quick else 1000) if often else 20
        counts = {(window, channels): most for window in system.windows for channels in (1, 16)}
        if not often:
            counts["24 h", 16] = 3 if quick else 8
        query.over_http(figures, system, counts)
    if "visible" in parts:
        visible.measure(figures, system, (20 if quick else 100) if often else 25)
    if "ingest" in parts:
        ingest.whole_process(figures, system, 50 if often else 2.5, 3 if quick else 10)
    if "integrity" in parts:
        integrity.measure(figures, system, 4 if quick else 8)
    if "clients" in parts:
        query.at_once(figures, system, "24 h", 20, (10 if quick else 50) if often else 1, warm_up=3 if often else 0)


def of_livemon(figures: Figures, system: Livemon, parts: set[str], *, quick: bool) -> None:
    """Measure what only ours does."""
    if "router" in parts:
        query.through_router(figures, system, 60 if quick else 1000)
    if "limits" in parts:
        limits.measure(figures, system, "24 h")
    if "stages" in parts:
        stages.measure(figures, system, "24 h", 60 if quick else 300)


main()
