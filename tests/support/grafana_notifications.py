"""What Grafana refuses of contact points, policies, message templates, and of what is to be deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from grafana_checks import CHANGED, ENDS, LOST, Checks, Provisioned, go_faults, is_uid, repeated, seconds

from plugins.plugin_utils.inventory.grafana.receiver_settings import RECEIVERS, missing_settings

CHECKS = Checks()
ALWAYS_THERE = "grafana-default-email"
"""The contact point that a new Grafana has."""
OPERATORS = ("=", "!=", "=~", "!~")
POINT_MAPPER = "pkg/services/provisioning/alerting/contact_point_types.go"
POINT_SERVICE = "pkg/services/ngalert/provisioning/contactpoints.go"
CONSTRUCTORS = "grafana/alerting, the constructor of each receiver"
POLICY = "pkg/services/ngalert/api/tooling/definitions/alertmanager_validation.go"
POLICY_JSON = "pkg/services/ngalert/api/tooling/definitions/alertmanager.go"


# --- contact points -------------------------------------------------------------------------------------------------------


@CHECKS(ENDS, POINT_MAPPER)
def point_has_a_name(given: Provisioned) -> Iterator[str]:
    for number, point in enumerate(given.points):
        if not str(point.get("name") or "").strip():
            yield f"contact point {number + 1} has no name"


@CHECKS(CHANGED, f"{POINT_SERVICE}: receivers of one name are one contact point")
def point_names_are_unlike(given: Provisioned) -> Iterator[str]:
    for name in repeated([str(point.get("name")).strip() for point in given.points]):
        yield f"two contact points have the name {name!r}"


@CHECKS(LOST, f"{POINT_SERVICE}: a contact point is made of its receivers")
def point_has_receivers(given: Provisioned) -> Iterator[str]:
    for point in given.points:
        if not point.get("receivers"):
            yield f"contact point {point.get('name')!r} has no receivers"


@CHECKS(ENDS, POINT_MAPPER)
def receiver_has_what_it_must(given: Provisioned) -> Iterator[str]:
    for where, receiver in given.receivers:
        for key in ("uid", "type"):
            if not str(receiver.get(key) or "").strip():
                yield f"{where} has no {key}"
        if not isinstance(receiver.get("settings"), dict) or not receiver["settings"]:
            yield f"{where} has no settings"
        if str(receiver.get("disableResolveMessage", False)).lower() not in ("true", "false"):
            yield f"{where}: disableResolveMessage is neither true nor false"


@CHECKS(ENDS, f"{POINT_SERVICE}, CreateContactPoint")
def receiver_uid_is_once(given: Provisioned) -> Iterator[str]:
    for uid in repeated([receiver.get("uid") for _, receiver in given.receivers if receiver.get("uid")]):
        yield f"two receivers have the uid {uid!r}"


@CHECKS(ENDS, "grafana/grafana pull request 73793", since=(10, 2))
def receiver_uid_is_short_and_plain(given: Provisioned) -> Iterator[str]:
    for where, receiver in given.receivers:
        if receiver.get("uid") and not is_uid(receiver["uid"]):
            yield f"{where}: its uid is longer than 40, or has more than letters, digits, '-' and '_'"


@CHECKS(
    ENDS, "pkg/services/ngalert/notifier/channels_config, and SecretKeys, which knows capital letters from small ones"
)
def receiver_type_is_known(given: Provisioned) -> Iterator[str]:
    for where, receiver in given.receivers:
        kind = receiver.get("type")
        if kind and kind not in RECEIVERS:
            yield f"{where}: there is no receiver {kind!r}"
        elif kind and given.release < RECEIVERS[kind].since:
            yield f"{where}: this release does not know the receiver {kind!r}"


@CHECKS(ENDS, CONSTRUCTORS)
def receiver_has_its_settings(given: Provisioned) -> Iterator[str]:
    for where, kind, settings in _known_receivers(given):
        missing = missing_settings(kind, settings)
        if missing:
            yield f"{where} of type {kind} lacks {', '.join(missing)}"


@CHECKS(ENDS, f"{CONSTRUCTORS}: JSON that is read into texts")
def required_settings_are_texts(given: Provisioned) -> Iterator[str]:
    for where, kind, settings in _known_receivers(given):
        names = {name for each in RECEIVERS[kind].required for name in each} | set(RECEIVERS[kind].hidden)
        for name in sorted(names & settings.keys()):
            if settings[name] is not None and not isinstance(settings[name], str):
                yield f"{where}: {name} is {settings[name]!r}, not a text; put it in quotes"


@CHECKS(ENDS, CONSTRUCTORS)
def settings_are_those_of_the_receiver(given: Provisioned) -> Iterator[str]:
    for where, kind, settings in _known_receivers(given):
        yield from (f"{where}: {fault}" for fault in _setting_faults(kind, settings))


def _known_receivers(given: Provisioned) -> list[tuple[str, str, dict]]:
    return [
        (where, receiver["type"], receiver["settings"])
        for where, receiver in given.receivers
        if receiver.get("type") in RECEIVERS and isinstance(receiver.get("settings"), dict) and receiver["settings"]
    ]


def _setting_faults(kind: str, settings: dict) -> Iterator[str]:
    text = {key: str(value) for key, value in settings.items() if value not in (None, "")}
    if kind in ("webhook", "oncall") and {"username", "password", "authorization_credentials"} <= text.keys():
        yield "either username and password or authorization_credentials, not both"
    if kind == "slack" and text.get("mentionChannel", "here") not in ("here", "channel"):
        yield f"mentionChannel is {text['mentionChannel']!r}, not here or channel"
    if kind == "telegram" and text.get("parse_mode", "html").lower() not in ("none", "html", "markdown", "markdownv2"):
        yield f"parse_mode is {text['parse_mode']!r}, not HTML, Markdown, MarkdownV2 or None"
    if kind == "opsgenie" and text.get("sendTagsAs", "tags") not in ("tags", "details", "both"):
        yield f"sendTagsAs is {text['sendTagsAs']!r}, not tags, details or both"
    if kind == "pushover":
        for name in ("priority", "okPriority", "retry", "expire"):
            if name in text and not re.fullmatch(r"[+-]?\d+", text[name]):
                yield f"{name} is {text[name]!r}, not a whole number"
    if kind == "threema":
        if "gateway_id" in text and not re.fullmatch(r"\*.{7}", text["gateway_id"]):
            yield "gateway_id is eight characters, the first '*'"
        if "recipient_id" in text and len(text["recipient_id"]) != 8:
            yield "recipient_id is eight characters"


# --- policies -------------------------------------------------------------------------------------------------------------


@CHECKS(CHANGED, "pkg/services/provisioning/alerting/notification_policy_provisioner.go: the last one counts")
def policy_is_one(given: Provisioned) -> Iterator[str]:
    if len(given.policies) > 1:
        yield f"there are {len(given.policies)} trees of policies"


@CHECKS(ENDS, POLICY)
def root_has_a_receiver(given: Provisioned) -> Iterator[str]:
    for policy in given.policies:
        if not policy.get("receiver"):
            yield "the root policy has no receiver"


@CHECKS(ENDS, POLICY)
def root_takes_all(given: Provisioned) -> Iterator[str]:
    for policy in given.policies:
        for key in ("match", "match_re", "mute_time_intervals"):
            if policy.get(key):
                yield f"the root policy has {key}"


@CHECKS(LOST, "grafana/alerting pull request 385: alarms that it does not match are told to nobody", until=(12, 3))
@CHECKS(ENDS, "grafana/alerting pull request 385", since=(12, 3))
def root_has_no_matchers(given: Provisioned) -> Iterator[str]:
    for policy in given.policies:
        for key in ("matchers", "object_matchers", "active_time_intervals"):
            if policy.get(key):
                yield f"the root policy has {key}"


@CHECKS(ENDS, f"{POLICY}, ValidateReceivers")
def receiver_exists(given: Provisioned) -> Iterator[str]:
    there = {str(point.get("name")).strip() for point in given.points if point.get("receivers")} | {ALWAYS_THERE}
    for where, route in _routes(given):
        if route.get("receiver") not in there and (route.get("receiver") or where != "the root policy"):
            yield f"{where}: there is no contact point {route.get('receiver')!r}"


@CHECKS(ENDS, f"{POLICY}, validateChild")
def group_by_is_one(given: Provisioned) -> Iterator[str]:
    for where, route in _routes(given):
        labels = route.get("group_by") or []
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            yield f"{where}: group_by is not a list of labels"
        elif "..." in labels and set(labels) != {"..."}:
            yield f"{where}: group_by has '...' and other labels"
        elif again := repeated([label for label in labels if label != "..."]):
            yield f"{where}: group_by has {again[0]!r} twice"


@CHECKS(LOST, "the label names of Prometheus")
def group_by_names_labels(given: Provisioned) -> Iterator[str]:
    for where, route in _routes(given):
        for label in route.get("group_by") or []:
            if label != "..." and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(label)):
                yield f"{where}: {label!r} is not a name of a label"


@CHECKS(ENDS, f"{POLICY}, validateChild; {POLICY_JSON}")
def intervals_are_durations(given: Provisioned) -> Iterator[str]:
    for where, route in _routes(given):
        for key in ("group_wait", "group_interval", "repeat_interval"):
            if key in route and seconds(route[key]) is None:
                yield f"{where}: {key} is {route[key]!r}, not a duration"
            elif key in route and key != "group_wait" and seconds(route[key]) == 0:
                yield f"{where}: {key} is zero"


@CHECKS(ENDS, f"{POLICY_JSON}, ObjectMatchers")
def matchers_are_well_formed(given: Provisioned) -> Iterator[str]:
    for where, route in _routes(given):
        for matcher in route.get("object_matchers") or []:
            if not isinstance(matcher, list) or not all(isinstance(part, str) for part in matcher):
                yield f"{where}: the matcher {matcher!r} is not a list of texts"
            elif matcher[1:2] == [] or matcher[1] not in OPERATORS:
                yield f"{where}: the matcher {matcher!r} has none of {' '.join(OPERATORS)} in the middle"
            elif matcher[1].endswith("~") and (fault := go_faults("pattern", ["".join(matcher[2:3])])[0]):
                yield f"{where}: {matcher[2]!r} is not a pattern: {fault}"


@CHECKS(CHANGED, f"{POLICY_JSON}, ObjectMatchers: what is missing is an empty text, what is too much is left out")
def matchers_have_three_parts(given: Provisioned) -> Iterator[str]:
    for where, route in _routes(given):
        for matcher in route.get("object_matchers") or []:
            if isinstance(matcher, list) and (len(matcher) != 3 or not matcher[0]):
                yield f"{where}: the matcher {matcher!r} is not a label, an operator and a value"


@CHECKS(ENDS, POLICY_JSON)
def continue_is_yes_or_no(given: Provisioned) -> Iterator[str]:
    for where, route in _routes(given):
        if not isinstance(route.get("continue", False), bool):
            yield f"{where}: continue is {route['continue']!r}"


@CHECKS(ENDS, f"{POLICY}, ValidateMuteTimes")
def mute_times_exist(given: Provisioned) -> Iterator[str]:
    there = {each.get("name") for each in given.alerting.get("muteTimes") or []}
    for where, route in _routes(given):
        for key in ("mute_time_intervals", "active_time_intervals"):
            for name in route.get(key) or []:
                if name not in there:
                    yield f"{where}: there is no mute timing {name!r}"


def _routes(given: Provisioned) -> Iterator[tuple[str, dict]]:
    for policy in given.policies:
        yield from _below("the root policy", policy)


def _below(where: str, route: dict) -> Iterator[tuple[str, dict]]:
    yield where, route
    for number, child in enumerate(route.get("routes") or []):
        yield from _below(f"{where}.routes[{number}]", child)


# --- templates and mute timings -------------------------------------------------------------------------------------------


@CHECKS(ENDS, f"{POLICY}, MessageTemplate")
def message_templates_can_be_read(given: Provisioned) -> Iterator[str]:
    for template in given.alerting.get("templates") or []:
        for key in ("name", "template"):
            if not template.get(key):
                yield f"template {template.get('name')!r} has no {key}"
        (fault,) = go_faults("message", [template.get("template") or ""])
        if fault:
            yield f"template {template.get('name')!r} cannot be read: {fault}"


@CHECKS(CHANGED, "templates of one name are one")
def message_templates_are_unlike(given: Provisioned) -> Iterator[str]:
    there = given.alerting.get("templates") or []
    for name in repeated([template.get("name") for template in there]):
        yield f"two templates have the name {name!r}"
    defined = [
        found for each in there for found in re.findall(r'\{\{-?\s*define\s+"([^"]+)"', str(each.get("template")))
    ]
    for name in repeated(defined):
        yield f"{name!r} is defined twice"


@CHECKS(ENDS, "pkg/services/provisioning/alerting/mute_times_provisioner.go")
def mute_timings_have_names(given: Provisioned) -> Iterator[str]:
    there = given.alerting.get("muteTimes") or []
    if not all(each.get("name") for each in there):
        yield "a mute timing has no name"


# --- what is deleted ------------------------------------------------------------------------------------------------------

MADE = {
    "deleteRules": ("uid", "rule"),
    "deleteContactPoints": ("uid", "receiver"),
    "deleteMuteTimes": ("name", "mute timing"),
    "deleteTemplates": ("name", "template"),
}


@CHECKS(ENDS, "pkg/services/provisioning/alerting/types.go")
def deletions_name_what_goes(given: Provisioned) -> Iterator[str]:
    for part, (key, kind) in MADE.items():
        for each in given.alerting.get(part) or []:
            if not isinstance(each, dict) or not str(each.get(key) or "").strip():
                yield f"{part}: a {kind} without {key}"
    for org in given.alerting.get("resetPolicies") or []:
        if not re.fullmatch(r"\d+", str(org)):
            yield f"resetPolicies: {org!r} is not an organisation's number"


@CHECKS(LOST, "pkg/services/provisioning/alerting: what a file makes is made first, then it is deleted")
def nothing_is_made_and_deleted(given: Provisioned) -> Iterator[str]:
    made: dict[str, set[Any]] = {
        "deleteRules": {rule.get("uid") for _, _, rule in given.rules},
        "deleteContactPoints": {receiver.get("uid") for _, receiver in given.receivers},
        "deleteMuteTimes": {each.get("name") for each in given.alerting.get("muteTimes") or []},
        "deleteTemplates": {each.get("name") for each in given.alerting.get("templates") or []},
    }
    for part, (key, kind) in MADE.items():
        for each in given.alerting.get(part) or []:
            if isinstance(each, dict) and each.get(key) in made[part]:
                yield f"the {kind} {each[key]!r} is both made and deleted"
    if given.policies and given.alerting.get("resetPolicies"):
        yield "the policies are both written and reset"
