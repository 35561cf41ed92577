"""The referee of what is provisioned: what of it Grafana, from 9.4 to 13, does not take.

What Grafana does with a fault is in each refusal: end, so that nothing works; or start, and let a rule fail, pass over something
or take it for something else.
"""

from __future__ import annotations

from collections.abc import Iterator

import grafana_dashboards
import grafana_notifications
import grafana_rules
from grafana_checks import CHANGED, ENDS, FIRST, LOST, Checks, Provisioned, Refusal, Release, replaced_names, texts

RELEASES: tuple[Release, ...] = ((9, 4), (10, 4, 0), (10, 4, 1), (11, 6), (12, 0, 2), (12, 3), (13, 0))
"""Releases on which something begins or ends to hold, or which many run."""
CHECKS = Checks()

_RULE_OF_9_4 = "uid title condition for noDataState execErrState annotations labels dashboardUid panelId data"
_FILE_OF_9_4 = (
    "apiVersion groups deleteRules contactPoints deleteContactPoints policies resetPolicies "
    "muteTimes deleteMuteTimes templates deleteTemplates"
)
_POLICY_OF_9_4 = (
    "orgId receiver group_by group_wait group_interval repeat_interval match match_re matchers object_matchers "
    "routes continue mute_time_intervals"
)


def _since(release: Release, names: str) -> dict[str, Release]:
    return dict.fromkeys(names.split(), release)


KNOWN: dict[str, dict[str, Release]] = {
    "file": _since(FIRST, _FILE_OF_9_4),
    "group": _since(FIRST, "orgId name folder interval rules"),
    "rule": {
        **_since(FIRST, _RULE_OF_9_4),
        **_since((9, 5), "isPaused"),
        **_since((11, 0), "notification_settings"),
        **_since((12, 0), "record keepFiringFor"),
        **_since((12, 1), "missing_series_evals_to_resolve"),
    },
    "query": _since(FIRST, "refId datasourceUid queryType relativeTimeRange model"),
    "contact point": _since(FIRST, "orgId name receivers"),
    "receiver": _since(FIRST, "uid type settings disableResolveMessage"),
    "policy": {**_since(FIRST, _POLICY_OF_9_4), **_since((12, 0), "active_time_intervals")},
}
"""The keys of each part, and the first release that knows them; where that is not certain, the later one."""


def refusals(
    alerting: dict, dashboards: dict[str, dict], datasources: dict, release: Release, *, only: str | None = None
) -> list[str]:
    """Return a sentence for each thing that a Grafana of this release does not take; empty if it takes all.

    Parameters
    ----------
    alerting, datasources
        The parsed provisioning files.
    dashboards
        The models by the names of their files, all of one folder.
    only
        Only what has this effect, one of those of :mod:`grafana_checks`.
    """
    given = Provisioned(alerting, dashboards, datasources, release)
    found = [each for check in checks() if check.holds_for(release) for each in check.refusals(given)]
    return [str(each) for each in found if only in (None, each.effect)]


def checks() -> list:
    """Return all checks."""
    modules = (grafana_rules, grafana_notifications, grafana_dashboards)
    return [*CHECKS.members, *(check for module in modules for check in module.CHECKS.members)]


def refusals_after(former: dict, alerting: dict) -> list[str]:
    """Return a sentence for each thing that a Grafana which has the `former` file does not take of the next, on its way.

    It writes one rule after the other and deletes last, so two rules may have one title for a moment; and a contact point goes
    only if the new policies do not name it.
    """
    return [str(Refusal(sentence, ENDS)) for sentence in (*_title_clashes(former, alerting), *_still_used(alerting))]


def _title_clashes(former: dict, alerting: dict) -> Iterator[str]:
    there = {rule["uid"]: (folder, rule["title"]) for folder, rule in _rules(former)}
    for folder, rule in _rules(alerting):
        for uid, place in there.items():
            if uid != rule["uid"] and place == (folder, rule["title"]):
                yield f"rule {rule['uid']}: the title {rule['title']!r} is still that of {uid!r} when it is written"
        there[rule["uid"]] = (folder, rule["title"])


def _still_used(alerting: dict) -> Iterator[str]:
    gone = {each["uid"] for each in alerting.get("deleteContactPoints") or []}
    used = {name for policy in alerting.get("policies") or [] for name in _named(policy)}
    for point in alerting.get("contactPoints") or []:
        uids = {receiver["uid"] for receiver in point["receivers"]}
        if point["name"] in used and uids <= gone:
            yield f"contact point {point['name']!r} is deleted while a policy names it"


def _rules(alerting: dict) -> list[tuple[str, dict]]:
    return [(group["folder"], rule) for group in alerting.get("groups") or [] for rule in group.get("rules") or []]


def _named(policy: dict) -> Iterator[str]:
    yield policy.get("receiver", "")
    for child in policy.get("routes") or []:
        yield from _named(child)


@CHECKS(CHANGED, "pkg/services/provisioning/values/values.go, interpolateValue; '$$' is a '$'")
def dollars_are_not_variables(given: Provisioned) -> Iterator[str]:
    for where, text in texts(given.written):
        for name in replaced_names(text):
            yield f"{where}: Grafana takes {name!r} for a variable; write '$$'"


@CHECKS(LOST, "pkg/services/provisioning/alerting: keys that are not known are passed over")
def keys_are_known(given: Provisioned) -> Iterator[str]:
    for part, where, content in _parts(given.alerting):
        for key in content:
            since = KNOWN[part].get(key)
            if since is None or given.release < since:
                yield f"{where}: this release does not know the key {key!r}"


def _parts(alerting: dict) -> Iterator[tuple[str, str, dict]]:
    yield "file", "the file", alerting
    for group in alerting.get("groups") or []:
        yield "group", f"group {group.get('name')!r}", group
        for rule in group.get("rules") or []:
            yield "rule", f"rule {rule.get('uid')}", rule
            for query in rule.get("data") or []:
                yield "query", f"rule {rule.get('uid')}, query {query.get('refId')}", query
    for point in alerting.get("contactPoints") or []:
        yield "contact point", f"contact point {point.get('name')!r}", point
        for receiver in point.get("receivers") or []:
            yield "receiver", f"receiver {receiver.get('uid')!r}", receiver
    for policy in alerting.get("policies") or []:
        yield from _policy_parts("the root policy", policy)


def _policy_parts(where: str, policy: dict) -> Iterator[tuple[str, str, dict]]:
    yield "policy", where, policy
    for number, child in enumerate(policy.get("routes") or []):
        yield from _policy_parts(f"{where}.routes[{number}]", child)
