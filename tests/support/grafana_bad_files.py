"""A set of provisioned files that Grafana takes, and ways to spoil it: each with what the referee has to say of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import yaml
from grafana_checks import CHANGED, ENDS, FAILS, LOST, Release

GOOD = """
alerting:
  apiVersion: 1
  groups:
  - orgId: 1
    name: Cryostat
    folder: alarms
    interval: 10s
    rules:
    - uid: cryo-warm
      title: 4K plate is warm
      condition: D
      for: 1m
      noDataState: OK
      execErrState: Alerting
      labels: {severity: critical, plate: "{{ $$labels.name }}"}
      annotations:
        summary: 'It is {{ printf "%.3g" $values.C.Value }} K for {{ humanizeDuration 60.0 }}'
        __dashboardUid__: cryo
        __panelId__: "7"
      data:
      - {refId: A, datasourceUid: lab, relativeTimeRange: {from: 600, to: 0}, model: {refId: A, target: a.b}}
      - {refId: B, datasourceUid: "-100", model: {refId: B, type: reduce, expression: A, reducer: last, settings: {mode: dropNN}}}
      - {refId: C, datasourceUid: "-100", model: {refId: C, type: math, expression: "abs($B) * 2 + ${B}"}}
      - refId: D
        datasourceUid: __expr__
        model: {refId: D, type: threshold, expression: C, conditions: [{evaluator: {type: gt, params: [5]}}]}
    - uid: cryo-cold
      title: 4K plate is cold
      condition: B
      for: 0s
      data:
      - {refId: A, datasourceUid: "-100", model: {refId: A, type: math, expression: "1"}}
      - refId: B
        datasourceUid: "-100"
        model: {refId: B, type: threshold, expression: A, conditions: [{evaluator: {type: outside_range, params: [1, 2]}}]}
  - {orgId: 1, name: Second, folder: alarms, interval: 1m, rules: []}
  contactPoints:
  - orgId: 1
    name: on-call
    receivers:
    - {uid: to-mail, type: email, settings: {addresses: a@lab.example, singleEmail: true}, disableResolveMessage: false}
    - {uid: to-hook, type: webhook, settings: {url: "http://192.0.2.7/", password: "pa$$word", username: lab}}
  - orgId: 1
    name: pager
    receivers: [{uid: to-pager, type: pagerduty, settings: {integrationKey: xyzzy}}]
  policies:
  - orgId: 1
    receiver: on-call
    group_by: [grafana_folder, alertname]
    group_wait: 30s
    group_interval: 2m
    repeat_interval: 4h
    routes:
    - receiver: pager
      object_matchers: [[severity, "=", critical], [plate, "=~", "4K|still"]]
      mute_time_intervals: [night]
      continue: true
      routes: [{receiver: pager, group_by: ["..."]}]
  muteTimes:
  - {orgId: 1, name: night, time_intervals: [{times: [{start_time: "22:00", end_time: "23:59"}]}]}
  templates:
  - {orgId: 1, name: ours, template: '{{ define "ours" }}{{ range .Alerts }}{{ .Labels.alertname | toUpper }}{{ end }}{{ end }}'}
dashboards:
  one:
    uid: cryo
    title: Cryostat
    schemaVersion: 37
    refresh: 10s
    panels: [{id: 7, type: text, datasource: {type: graphite, uid: lab}}]
  two: {uid: other, title: Others, schemaVersion: 37, panels: [{id: 7, type: row, panels: [{id: 8, type: text}]}]}
datasources:
  apiVersion: 1
  datasources:
  - {name: lab, uid: lab, type: graphite, access: proxy, url: "http://192.0.2.8", orgId: 1, isDefault: true}
"""

RULE = "alerting.groups.0.rules.0"
OTHER = "alerting.groups.0.rules.1"
POINT = "alerting.contactPoints.0"
POLICY = "alerting.policies.0"
ROUTE = f"{POLICY}.routes.0"
GONE = object()


@dataclass(frozen=True)
class Bad:
    """One spoilt value: its place, the value, and the sentence and effect that the referee must find."""

    place: str
    value: Any
    sentence: str
    effect: str
    release: Release = (9, 4)
    """A release that does not take it."""
    taken_by: Release | None = None
    """One that does."""

    def __str__(self) -> str:
        return f"{self.place}: {'left out' if self.value is GONE else repr(self.value)[:60]}"

    @property
    def files(self) -> dict:
        """The whole set, spoilt."""
        return spoilt(self.place, self.value)


def good() -> dict:
    """Return ``{"alerting": ..., "dashboards": {name: ...}, "datasources": ...}``, of which no release refuses anything."""
    return yaml.safe_load(GOOD)


def spoilt(place: str, value: Any) -> dict:
    """Return the good set with another value at a place; a list's next number appends to it."""
    files = good()
    *way, last = place.split(".")
    here: Any = files
    for step in way:
        here = here[int(step) if isinstance(here, list) else step]
    if isinstance(here, list):
        here[int(last) : int(last) + 1] = [] if value is GONE else [copy.deepcopy(value)]
    elif value is GONE:
        del here[last]
    else:
        here[last] = copy.deepcopy(value)
    return files


def receiver(kind: str, **settings: Any) -> dict:
    return {"uid": "to-new", "type": kind, "settings": settings}


BAD = [
    # groups
    Bad("alerting.groups.0.name", "  ", "has no name", ENDS),
    Bad("alerting.groups.0.folder", "", "has no folder", ENDS),
    Bad("alerting.groups.0.name", "n" * 191, "longer than 190 bytes", ENDS),
    Bad("alerting.groups.0.interval", "15s", "not a multiple of 10s", ENDS),
    Bad("alerting.groups.0.interval", "0s", "not a multiple of 10s", ENDS),
    Bad("alerting.groups.0.interval", "1 minute", "not a multiple of 10s", ENDS),
    Bad("alerting.groups.0.interval", GONE, "not a multiple of 10s", ENDS),
    Bad("alerting.groups.0.orgId", 7, "there is no organisation 7", LOST),
    Bad("alerting.groups.1.name", "Cryostat", "is twice in the folder 'alarms'", CHANGED),
    Bad("alerting.groups.0.folder", "general", "this name is Grafana's own", ENDS),
    Bad(
        "alerting.groups.0.folder", "cryostat!", "cannot be told from the dashboard 'Cryostat'", LOST, taken_by=(11, 0)
    ),
    Bad("alerting.groups.1.folder", "Alarms?", "are one to Grafana", CHANGED, taken_by=(11, 0)),
    Bad("alerting.groups.0.folder", "lab/alarms", "becomes a folder of its own", CHANGED, (11, 0), taken_by=(9, 4)),
    # a rule's identity
    Bad(f"{RULE}.uid", "", "has no uid", ENDS),
    Bad(f"{RULE}.title", GONE, "has no title", ENDS),
    Bad(f"{RULE}.condition", GONE, "has no condition", ENDS),
    Bad(f"{RULE}.data", [], "has no data", ENDS),
    Bad(f"{RULE}.uid", "u" * 41, "longer than 40", ENDS, (10, 2), taken_by=(9, 4)),
    Bad(f"{RULE}.uid", "4K plate", "letters, digits", ENDS, (10, 2), taken_by=(9, 4)),
    Bad(f"{OTHER}.uid", "cryo-warm", "two rules have the uid 'cryo-warm'", CHANGED),
    Bad(f"{RULE}.title", "ü" * 96, "longer than 190 bytes", ENDS),
    Bad(f"{OTHER}.title", "4K plate is warm", "two rules of the folder 'alarms' have the title", ENDS),
    Bad(f"{RULE}.for", GONE, "has no 'for'", ENDS, taken_by=(13, 0)),
    Bad(f"{RULE}.for", "1.5h", "not a duration", ENDS),
    Bad(f"{RULE}.noDataState", "KeepLast", "does not know the noDataState 'KeepLast'", ENDS, taken_by=(10, 4, 1)),
    Bad(f"{RULE}.execErrState", "KeepLast", "does not know the execErrState", ENDS, (10, 4, 0), taken_by=(10, 4, 1)),
    Bad(f"{RULE}.noDataState", "Error", "does not know the noDataState 'Error'", ENDS),
    Bad(f"{RULE}.execErrState", "NoData", "does not know the execErrState 'NoData'", ENDS),
    # links
    Bad(f"{RULE}.annotations.__panelId__", GONE, "only one of the annotations", ENDS),
    Bad(f"{RULE}.annotations.__dashboardUid__", GONE, "only one of the annotations", ENDS),
    Bad(f"{RULE}.annotations.__panelId__", "seven", "not a number", ENDS),
    Bad(f"{RULE}.annotations.__panelId__", "9", "has no panel 9", LOST),
    Bad(f"{RULE}.annotations.__dashboardUid__", "gone", "there is no dashboard 'gone'", LOST),
    # labels and texts
    Bad(f"{RULE}.labels.alertname", "mine", "Grafana gives the label 'alertname' itself", LOST),
    Bad(f"{RULE}.labels.grafana_folder", "mine", "Grafana gives the label 'grafana_folder' itself", LOST),
    Bad(f"{RULE}.labels.__grafana_receiver__", "x", "is reserved", ENDS, (11, 0), taken_by=(9, 4)),
    Bad(f"{RULE}.labels.4K-plate", "x", "is not a name of a label", CHANGED),
    Bad(f"{RULE}.labels.severity", "", "the label 'severity' is empty", LOST),
    Bad(f"{RULE}.labels.severity", ["a"], "labels.severity is not a text", ENDS),
    Bad(f"{RULE}.annotations.summary", "{{ if }}", "annotations.summary is not a template", CHANGED),
    Bad(f"{RULE}.annotations.summary", "{{ since .StartsAt }}", 'function "since" not defined', CHANGED),
    Bad(f"{RULE}.annotations.summary", "{{ $values.A.Value }}", "there is no such expression", CHANGED),
    Bad(f"{RULE}.annotations.summary", "${HOME}", "later releases replace", CHANGED, (13, 0), taken_by=(9, 4)),
    Bad(f"{RULE}.labels.plate", "{{ $labels.name }}", "takes '$labels' for a variable", CHANGED),
    Bad(f"{RULE}.title", "costs $5", "takes '$5' for a variable", CHANGED),
    Bad(f"{POINT}.receivers.1.settings.password", "pa$word", "takes '$word' for a variable", CHANGED),
    # queries and expressions
    Bad(f"{RULE}.data.1.refId", "A", "two queries have the refId 'A'", FAILS),
    Bad(f"{RULE}.data.0.refId", GONE, "a query has no refId", FAILS),
    Bad(f"{RULE}.condition", "E", "its condition is 'E', there are A, B, C, D", FAILS),
    Bad(f"{RULE}.data.0.datasourceUid", "gone", "there is no data source 'gone'", FAILS),
    Bad(f"{RULE}.data.0.relativeTimeRange", {"from": 0, "to": 600}, "time range is from 0 to 600 s", ENDS),
    Bad(f"{RULE}.data.0.relativeTimeRange", GONE, "time range is from 0 to 0 s", ENDS),
    Bad(f"{RULE}.data.0.relativeTimeRange.from", "600s", "not in whole seconds", ENDS),
    Bad(f"{RULE}.data.0.relativeTimeRange.from", 600.5, "not in whole seconds", ENDS),
    Bad(f"{RULE}.data.1.model.type", "median", "does not know the expression 'median'", FAILS),
    Bad(f"{RULE}.data.1.model.type", GONE, "does not know the expression None", FAILS),
    Bad(f"{RULE}.data.1.model.reducer", "median", "does not know the reducer 'median'", FAILS, taken_by=(13, 0)),
    Bad(f"{RULE}.data.1.model.settings", {"mode": "drop"}, "its settings are", FAILS),
    Bad(f"{RULE}.data.1.model.settings", {"mode": "replaceNN"}, "replaceWithValue is a number", FAILS),
    Bad(f"{RULE}.data.1.model.expression", "Z", "asks for 'Z', which does not exist", FAILS),
    Bad(f"{RULE}.data.1.model.expression", GONE, "it says not what to reduce", FAILS),
    Bad(f"{RULE}.data.1.model.expression", "C", "ask for each other", FAILS),
    Bad(f"{RULE}.data.2.model.expression", "$B + $X", "asks for 'X', which does not exist", FAILS),
    Bad(f"{RULE}.data.2.model.expression", "sqrt($B)", "there is no function 'sqrt'", FAILS),
    Bad(f"{RULE}.data.2.model.expression", "($B", "are not closed", FAILS),
    Bad(f"{RULE}.data.2.model.expression", "", "a math expression is a text", FAILS),
    Bad(f"{RULE}.data.3.model.conditions", [], "exactly one condition", FAILS),
    Bad(f"{RULE}.data.3.model.conditions.0.evaluator.type", "gte", "the comparison 'gte'", FAILS, taken_by=(11, 6)),
    Bad(f"{RULE}.data.3.model.conditions.0.evaluator.params", [], "takes 1 number(s)", FAILS),
    Bad(f"{RULE}.data.3.model.conditions.0.evaluator.params", ["5"], "takes 1 number(s)", FAILS),
    Bad(f"{OTHER}.data.1.model.conditions.0.evaluator.params", [5], "takes 2 number(s)", FAILS),
    Bad(f"{RULE}.data.0.model", GONE, "has no model", ENDS),
    # contact points
    Bad(f"{POINT}.name", " ", "contact point 1 has no name", ENDS),
    Bad("alerting.contactPoints.1.name", "on-call", "two contact points have the name 'on-call'", CHANGED),
    Bad("alerting.contactPoints.2", {"name": "empty", "receivers": []}, "'empty' has no receivers", LOST),
    Bad(f"{POINT}.receivers.0.uid", GONE, "has no uid", ENDS),
    Bad(f"{POINT}.receivers.0.type", "", "has no type", ENDS),
    Bad(f"{POINT}.receivers.0.settings", {}, "has no settings", ENDS),
    Bad(f"{POINT}.receivers.0.disableResolveMessage", "no", "neither true nor false", ENDS),
    Bad(f"{POINT}.receivers.1.uid", "to-mail", "two receivers have the uid 'to-mail'", ENDS),
    Bad(f"{POINT}.receivers.0.uid", "to mail", "letters, digits", ENDS, (10, 2), taken_by=(9, 4)),
    Bad(f"{POINT}.receivers.2", receiver("sms", number="1"), "there is no receiver 'sms'", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("line", token="x"), "there is no receiver 'line'", ENDS),
    Bad(
        f"{POINT}.receivers.2",
        receiver("mqtt", brokerUrl="a", topic="b"),
        "the receiver 'mqtt'",
        ENDS,
        taken_by=(12, 0),
    ),
    Bad(f"{POINT}.receivers.2", receiver("email", subject="x"), "lacks addresses", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("slack", text="x"), "of type slack lacks url", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("slack", token="x"), "of type slack lacks", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("webhook", username="x"), "lacks url", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("telegram", chatid="-1"), "lacks bottoken", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("telegram", chatid=-1, bottoken="x"), "chatid is -1, not a text", ENDS),
    Bad(
        f"{POINT}.receivers.2",
        receiver("telegram", chatid="1", bottoken="x", parse_mode="md"),
        "parse_mode is 'md'",
        ENDS,
    ),
    Bad(f"{POINT}.receivers.2", receiver("discord", title="x"), "lacks url", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("teams", title="x"), "lacks url", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("pagerduty", severity="x"), "lacks integrationKey", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("opsgenie", apiUrl="x"), "lacks apiKey", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("opsgenie", apiKey="x", sendTagsAs="no"), "sendTagsAs is 'no'", ENDS),
    Bad(f"{POINT}.receivers.2", receiver("pushover", apiToken="x"), "lacks userKey", ENDS),
    Bad(
        f"{POINT}.receivers.2",
        receiver("pushover", apiToken="x", userKey="y", priority="high"),
        "'high', not a whole",
        ENDS,
    ),
    Bad(
        f"{POINT}.receivers.2",
        receiver("threema", gateway_id="ABCDEFGH", recipient_id="12345678", api_secret="x"),
        "the first '*'",
        ENDS,
    ),
    Bad(
        f"{POINT}.receivers.2",
        receiver("webhook", url="http://a", username="u", password="p", authorization_credentials="x"),
        "not both",
        ENDS,
    ),
    Bad(
        f"{POINT}.receivers.2", receiver("slack", url="http://a", mentionChannel="all"), "mentionChannel is 'all'", ENDS
    ),
    # policies
    Bad("alerting.policies.1", {"orgId": 1, "receiver": "on-call"}, "there are 2 trees", CHANGED),
    Bad(f"{POLICY}.receiver", GONE, "the root policy has no receiver", ENDS),
    Bad(f"{POLICY}.match", {"severity": "critical"}, "the root policy has match", ENDS),
    Bad(f"{POLICY}.mute_time_intervals", ["night"], "the root policy has mute_time_intervals", ENDS),
    Bad(f"{POLICY}.object_matchers", [["a", "=", "b"]], "the root policy has object_matchers", LOST),
    Bad(f"{POLICY}.object_matchers", [["a", "=", "b"]], "the root policy has object_matchers", ENDS, (12, 3)),
    Bad(f"{POLICY}.receiver", "nobody", "there is no contact point 'nobody'", ENDS),
    Bad(f"{ROUTE}.receiver", "nobody", "routes[0]: there is no contact point 'nobody'", ENDS),
    Bad(f"{ROUTE}.routes.0.receiver", GONE, "routes[0].routes[0]: there is no contact point None", ENDS),
    Bad(f"{POLICY}.group_by", ["...", "severity"], "group_by has '...' and other labels", ENDS),
    Bad(f"{POLICY}.group_by", ["severity", "severity"], "group_by has 'severity' twice", ENDS),
    Bad(f"{POLICY}.group_by", "severity", "group_by is not a list", ENDS),
    Bad(f"{ROUTE}.group_by", ["4K plate"], "'4K plate' is not a name of a label", LOST),
    Bad(f"{POLICY}.group_interval", "0s", "group_interval is zero", ENDS),
    Bad(f"{ROUTE}.repeat_interval", "0s", "repeat_interval is zero", ENDS),
    Bad(f"{POLICY}.group_wait", "half a minute", "group_wait is 'half a minute', not a duration", ENDS),
    Bad(f"{ROUTE}.object_matchers", [["severity", "is", "critical"]], "has none of = != =~ !~", ENDS),
    Bad(f"{ROUTE}.object_matchers", [["severity", "="]], "is not a label, an operator and a value", CHANGED),
    Bad(f"{ROUTE}.object_matchers", [["channel", "=", 4]], "is not a list of texts", ENDS),
    Bad(f"{ROUTE}.object_matchers", [["plate", "=~", "4K (still"]], "is not a pattern", ENDS),
    Bad(f"{ROUTE}.object_matchers", [["plate", "=~", "(?<=4)K"]], "is not a pattern", ENDS),
    Bad(f"{ROUTE}.continue", "yes please", "continue is 'yes please'", ENDS),
    Bad(f"{ROUTE}.mute_time_intervals", ["day"], "there is no mute timing 'day'", ENDS),
    # templates, and what goes
    Bad("alerting.templates.0.name", "", "has no name", ENDS),
    Bad("alerting.templates.0.template", "", "has no template", ENDS),
    Bad("alerting.templates.0.template", "{{ define }}", "cannot be read", ENDS),
    Bad("alerting.templates.0.template", "{{ humanize 1 }}", 'function "humanize" not defined', ENDS),
    Bad(
        "alerting.templates.1",
        {"name": "b", "template": '{{ define "ours" }}{{ end }}'},
        "'ours' is defined twice",
        CHANGED,
    ),
    Bad("alerting.muteTimes.1", {"time_intervals": []}, "a mute timing has no name", ENDS),
    Bad("alerting.deleteTemplates", [{"orgId": 1, "name": ""}], "deleteTemplates: a template without name", ENDS),
    Bad(
        "alerting.deleteRules",
        [{"orgId": 1, "uid": "cryo-warm"}],
        "the rule 'cryo-warm' is both made and deleted",
        LOST,
    ),
    Bad("alerting.resetPolicies", [1], "the policies are both written and reset", LOST),
    Bad("alerting.inhibitRules", [], "does not know the key 'inhibitRules'", LOST),
    Bad(f"{RULE}.isPaused", False, "does not know the key 'isPaused'", LOST, taken_by=(10, 0)),
    Bad(f"{RULE}.keepFiringFor", "1m", "does not know the key 'keepFiringFor'", LOST, (11, 0), taken_by=(12, 0)),
    # dashboards and data sources
    Bad("dashboards.one.title", " ", "it has no title", LOST),
    Bad("dashboards.two.uid", "u" * 41, "is not one of 1 to 40", LOST),
    Bad("dashboards.two.uid", "cryo", "two dashboards have the uid 'cryo'", LOST),
    Bad("dashboards.two.title", "Cryostat", "two dashboards have the title 'Cryostat'", LOST),
    Bad("dashboards.two.panels", GONE, "is not of the classic form", LOST),
    Bad("dashboards.two.panels.0.panels.0.id", 7, "two panels have the number 7", LOST),
    Bad("dashboards.one.schemaVersion", 38, "this release knows up to 37", LOST, taken_by=(10, 0)),
    Bad("dashboards.one.refresh", "1s", "the shortest is 5s", LOST),
    Bad("dashboards.one.panels.0.datasource.uid", "gone", "there is no data source 'gone'", LOST),
    Bad("datasources.datasources.0.type", "", "has no type", ENDS),
    Bad("datasources.datasources.0.uid", "a b", "is not one of 1 to 40", ENDS),
    Bad(
        "datasources.datasources.1",
        {"name": "b", "uid": "lab", "type": "graphite", "access": "proxy"},
        "two data sources have the uid 'lab'",
        ENDS,
    ),
    Bad(
        "datasources.datasources.1",
        {"name": "b", "uid": "b", "type": "graphite", "access": "proxy", "isDefault": True},
        "are the default",
        ENDS,
    ),
]
