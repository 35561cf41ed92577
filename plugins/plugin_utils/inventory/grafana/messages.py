r"""The messages of Grafana: the templates of title and body, and the setting of each receiver that takes them.

A title says what is wrong, with value, unit, limit and since when; of several alarms it names the worst. A body has one paragraph
for each alarm: the sentence, what to do, and links that work for the reader, since all start with Grafana's ``root_url``. The
sentence itself, worded for an alarm that fires or is over, is the rule's annotation ``summary``.

An alarm is never reported as over unless its end was seen. Grafana also resolves an alarm when its series is missing, its query
fails or its rule is changed; it then gives the reason in the annotation ``grafana_state_reason``. When its Alertmanager has not
heard of an alarm for some minutes, it resolves it without a reason; the annotation ``state`` is then still ``firing``. The
exception is an alarm that fires because a query fails: its series is that failure, and disappears when the query is answered
again. It has the annotation ``answered``, which no other alarm has.

The templates use only functions of Grafana 9.4 (those of Alertmanager 0.24): there are no dates by zone, no durations in words,
and a template cannot be used as text. Links have one parameter, because the plain part of a mail writes ``&`` as ``&amp;``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..entries import Document

NAME = "livemon"
"""The name of the group of templates in Grafana."""

_TIME = 'Local.Format "2 Jan 15:04 MST"'
_SECOND, _MINUTE = 1_000_000_000, 60_000_000_000
"""In nanoseconds, Go's unit of durations."""
_REMOVED = "Updated|RuleDeleted|Paused"
"""Grafana's reasons for the end of an alarm that concern its rule."""
_CRITICAL = '(eq .Labels.severity "critical")'
_ANSWERED = '(and .Annotations.answered (eq .Annotations.grafana_state_reason "MissingSeries"))'
_UNKNOWN = f'(and (or .Annotations.grafana_state_reason (eq .Annotations.state "firing")) (not {_ANSWERED}))'
_GROUPS = (
    (".Alerts.Firing", _CRITICAL),
    (".Alerts.Firing", f"(not {_CRITICAL})"),
    (".Alerts.Resolved", _UNKNOWN),
    (".Alerts.Resolved", f"(not {_UNKNOWN})"),
)
"""The alarms of a message, the worst first: a list of alarms, and the condition for one of them."""


@dataclass(frozen=True)
class Markup:
    """How a service writes text: what must be escaped (Go patterns and replacements, in order), a link, a new line."""

    name: str
    escapes: tuple[tuple[str, str], ...] = ()
    link: str = "{text}: {address}"
    newline: str = r"\n"

    def escaped(self, value: str) -> str:
        """Return a Go template expression for a value as this service shows it."""
        return " | ".join([value, *(f"reReplaceAll `{each}` `{instead}`" for each, instead in self.escapes)])

    def linked(self, text: str, address: str) -> str:
        """Return a link; `address` is part of a template."""
        return self.link.format(text=text, address=address)


_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
PLAIN = Markup("plain")
HTML = Markup("html", _ENTITIES, '<a href="{address}">{text}</a>')
SLACK = Markup("slack", _ENTITIES, "<{address}|{text}>")
DISCORD = Markup("discord", ((r"([\\*_~|<>\x5b\x5d\x60])", r"\${1}"),), "[{text}]({address})")
MARKDOWN = Markup("markdown", ((r"([\\*_\x5b\x5d\x60])", r"\${1}"),), "[{text}]({address})", newline=r"\n\n")
MARKUPS = (PLAIN, HTML, SLACK, DISCORD, MARKDOWN)


def _embedded(part: str, markup: Markup) -> str:
    return _action(f'template "{NAME}.{markup.name}.{part}" .')


def _action(text: str) -> str:
    return f"{{{{ {text} }}}}"


def _title(markup: Markup = PLAIN) -> str:
    return _embedded("title", markup)


def _body(markup: Markup = PLAIN) -> str:
    return _embedded("body", markup)


_TITLE_AND_MESSAGE = {"title": _title(), "message": _body()}
_TITLE_AND_DESCRIPTION = {"title": _title(), "description": _body()}

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "LINE": _TITLE_AND_DESCRIPTION,
    "dingding": _TITLE_AND_MESSAGE,
    # The title is a link below the message, and Discord refuses one longer than 256 characters.
    "discord": {"title": "All alarms", "message": _body(DISCORD)},
    "email": {"subject": _title(), "message": _body()},
    "googlechat": {"title": _title(), "message": _body(HTML)},
    "jira": {"summary": _title(), "description": _body()},
    "kafka": {"description": _title(), "details": _body()},
    "mqtt": {"message": _body()},
    "oncall": _TITLE_AND_MESSAGE,
    "opsgenie": {"message": _title(), "description": _body()},
    "pagerduty": {
        "summary": _title(),
        "severity": '{{ if eq .CommonLabels.severity "warning" }}warning{{ else }}critical{{ end }}',
    },
    "pushover": {"title": _title(), "message": _body(HTML)},
    "sensugo": {"message": _body()},
    "slack": {"title": _title(SLACK), "text": _body(SLACK)},
    "sns": {"subject": _title(), "message": _body()},
    "teams": {"title": _title(MARKDOWN), "message": _body(MARKDOWN)},
    # As HTML, a message that Grafana truncates within a tag would not be delivered.
    "telegram": {"message": _body(), "parse_mode": "None"},
    "threema": _TITLE_AND_DESCRIPTION,
    "victorops": _TITLE_AND_DESCRIPTION,
    "webex": {"message": _body(MARKDOWN)},
    "webhook": _TITLE_AND_MESSAGE,
    "wecom": _TITLE_AND_MESSAGE,
}
"""The settings with the text of a message, by the type of a receiver."""


def settings_of(receiver: str) -> dict[str, Any]:
    """Return the settings that give a receiver our text; empty for one that sends no text, and for an unknown one."""
    return dict(SETTINGS.get(receiver, {}))


def templates() -> list[Document]:
    """Return the templates as in Grafana's alerting file."""
    text = "\n".join(each for markup in MARKUPS for each in _definitions(markup))
    return [{"orgId": 1, "name": NAME, "template": text}]


def _definitions(markup: Markup) -> Iterator[str]:
    for part, text in (
        ("summary", _summary(markup)),
        ("sentence", _sentence(markup)),
        ("title", _whole_title(markup)),
        ("body", _whole_body(markup)),
    ):
        # Actions are written in square brackets here, and line breaks are not part of the message.
        whole = "".join(line.strip() for line in text.splitlines()).replace("[[", "{{").replace("]]", "}}")
        yield _action(f'define "{NAME}.{markup.name}.{part}"') + whole + _action("end")


def _summary(markup: Markup) -> str:
    """The summary of an alarm, or its name if it has none, as Grafana's own alarms about failed queries."""
    return f"""
        [[ if .Annotations.summary ]][[ {markup.escaped(".Annotations.summary")} ]]
        [[ else ]]
            [[ {markup.escaped(".Labels.alertname")} ]][[ with .Labels.rulename ]]: [[ {markup.escaped(".")} ]][[ end ]]
        [[ end ]]"""


def _sentence(markup: Markup) -> str:
    summary = _embedded("summary", markup)
    lasted = "(.EndsAt.Sub .StartsAt)"

    def rounded(to: int) -> str:
        return f'printf "%v" ({lasted}.Round {to}) | reReplaceAll "m0s$" "m" | reReplaceAll "h0m$" "h"'

    return f"""
        [[ if eq .Status "firing" ]]
            [[ with .Labels.severity ]][[ toUpper . ]] [[ end ]]{summary}, since [[ .StartsAt.{_TIME} ]]
            [[ if match "KeepLast" .Annotations.grafana_state_reason ]]
                , as last known: Grafana has no answer about it now
            [[ end ]]
        [[ else if match "{_REMOVED}" .Annotations.grafana_state_reason ]]
            No longer watched: {summary} was the last; its rule was changed or removed at [[ .EndsAt.{_TIME} ]]
        [[ else if {_UNKNOWN} ]]
            Not known any more: {summary} was the last; Grafana has no answer about it since [[ .EndsAt.{_TIME} ]]
        [[ else ]]
            Over:[[ " " ]][[ if {_ANSWERED} ]][[ {markup.escaped(".Annotations.answered")} ]][[ else ]]{summary}[[ end ]]
            , at [[ .EndsAt.{_TIME} ]]
            [[ if ge {lasted}.Seconds 90.0 ]], after [[ {rounded(_MINUTE)} ]]
            [[ else if ge {lasted}.Seconds 1.0 ]], after [[ {rounded(_SECOND)} ]]
            [[ end ]]
        [[ end ]]"""


def _whole_title(markup: Markup) -> str:
    worst = "".join(
        f"""
        [[ range {alarms} ]][[ if and (not $told) {condition} ]]
            [[ $told = true ]]{_embedded("sentence", markup)}
        [[ end ]][[ end ]]"""
        for alarms, condition in _GROUPS
    )
    return f"""
        [[ $firing := len .Alerts.Firing ]][[ $ended := len .Alerts.Resolved ]][[ $told := false ]]
        [[ if and $firing $ended ]]
            [[ $firing ]] alarm[[ if gt $firing 1 ]]s[[ end ]], [[ $ended ]] no longer firing:[[ " " ]]
        [[ else if gt $firing 1 ]][[ $firing ]] alarms:[[ " " ]]
        [[ else if gt $ended 1 ]][[ $ended ]] alarms no longer firing:[[ " " ]]
        [[ end ]]
        {worst}"""


def _whole_body(markup: Markup) -> str:
    newline = f'[[ "{markup.newline}" ]]'
    base = '[[ reReplaceAll "/+$" "" $.ExternalURL ]]'
    dashboard = markup.linked("Dashboard", base + "[[ .Annotations.link ]]")
    panel = markup.linked("Dashboard", "[[ .PanelURL ]]")
    silence = markup.linked("Silence", base + "/alerting/silence/new?matcher=name%3D[[ urlquery .Labels.name ]]")
    own_silence = markup.linked("Silence", "[[ .SilenceURL ]]")
    paragraphs = "".join(
        f"""
        [[ range {alarms} ]][[ if {condition} ]]
            [[ if $begun ]]{newline}{newline}[[ end ]][[ $begun = true ]]
            {_embedded("sentence", markup)}
            [[ if and (eq .Status "firing") .Annotations.description (ne .Annotations.description $advice) ]]
                [[ $advice = .Annotations.description ]]
                {newline}[[ {markup.escaped("$advice")} ]]
            [[ end ]]
            [[ if .Annotations.link ]]{newline}{dashboard}
            [[ else if .PanelURL ]]{newline}{panel}
            [[ end ]]
            [[ if ne .Status "firing" ]]
            [[ else if .Labels.name ]]{newline}{silence}
            [[ else if .SilenceURL ]]{newline}{own_silence}
            [[ end ]]
        [[ end ]][[ end ]]"""
        for alarms, condition in _GROUPS
    )
    return f'[[ $begun := false ]][[ $advice := "" ]]{paragraphs}'
