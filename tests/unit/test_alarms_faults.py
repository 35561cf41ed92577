"""What a mistake in alarms, contact points, routes or secrets gets: where, what, and what to type instead."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.grafana.alarms.kinds import KINDS

FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"}
FAKE = {"agent_class": "FakeDataAgent", "id": "fake1"}
PLACE = "instruments[0] (id control)"
CHANNEL = f"{PLACE}.channels.2"
POINT = {"name": "on-call", "webhook": "https://lab.example/hook"}
TOLD = {"contact_points": [POINT]}
SECRET = "xyzzy-plugh"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"alarms": {"above": 5}},
            [".alarms: this is a mapping; write a list, for example [{above: 5.0, severity: critical}]"],
        ),
        ({"alarms": [5]}, [".alarms[0]: this is a number; write, for example, {above: 5.0, severity: critical}"]),
        (
            {"alarms": [{"severity": "warning"}]},
            [".alarms[0]: an alarm has one of above, below, outside, rising, and this one has none"],
        ),
        (
            {"alarms": [{"above": 5, "below": 1}]},
            [".alarms[0]: an alarm has one of above, below, outside, rising, and this one has above and below"],
        ),
        ({"alarms": [{"abov": 5, "below": 1}]}, [".alarms[0].abov: unknown key; did you mean above?"]),
        (
            {"alarms": [{"above": "5 K"}]},
            [".alarms[0].above: '5 K' is not a valid number; write, for example, above: 5.0"],
        ),
        (
            {"alarms": [{"above": float("nan")}]},
            [".alarms[0].above: nan is not a valid number; write, for example, above: 5.0"],
        ),
        (
            {"alarms": [{"above": 5000}]},
            [
                ".alarms[0].above: 5000 K is hotter than any sensor of these models reads (873 K); write kelvins, as in 5.0"
            ],
        ),
        (
            {"alarms": [{"outside": [3, 3000.0]}]},
            [
                ".alarms[0].outside: 3000.0 K is hotter than any sensor of these models reads (873 K); write kelvins, as in 5.0"
            ],
        ),
        ({"alarms": [{"above": 5000, "of": "sensor"}, {"rising": 5000}]}, []),
        (
            {"alarms": [{"rising": 0}]},
            [".alarms[0].rising: 0 is not a valid positive number; write, for example, rising: 5.0"],
        ),
        (
            {"alarms": [{"outside": [5, 3]}]},
            [
                ".alarms[0].outside: [5, 3] is not a valid range; write the lower and the upper limit, for example [3.0, 5.0]"
            ],
        ),
        (
            {"alarms": [{"outside": [3, 5], "clears_at": 4}]},
            [".alarms[0].clears_at: not possible for a range; write two alarms, above and below, each with its own"],
        ),
        (
            {"alarms": [{"above": 5, "clears_at": 5.5}]},
            [".alarms[0].clears_at: 5.5 is not below 5, where it starts; write where the alarm is to end"],
        ),
        (
            {"alarms": [{"below": 5, "clears_at": 4}]},
            [".alarms[0].clears_at: 4 is not above 5, where it starts; write where the alarm is to end"],
        ),
        (
            {"alarms": [{"above": 5, "for": 300}]},
            [".alarms[0].for: 300 is not a valid duration; write, for example, 90s, 5m or 2h"],
        ),
        (
            {"alarms": [{"above": 5, "severity": "bad"}]},
            [".alarms[0].severity: 'bad' is not a severity; write warning or critical"],
        ),
        (
            {"alarms": [{"above": 5, "of": "volts"}]},
            [".alarms[0].of: 'volts' is not a quantity that a channel measures; write temperature or sensor"],
        ),
        (
            {"alarms": [{"above": 5, "per": "hour"}]},
            [".alarms[0].per: only a rate has it; leave it out, or write rising instead of above"],
        ),
        (
            {"alarms": [{"rising": 5, "per": "day"}]},
            [".alarms[0].per: 'day' is not a unit of time; write minute or hour"],
        ),
        (
            {"alarms": [{"rising": 5, "over": "long"}]},
            [".alarms[0].over: 'long' is not a valid duration; write, for example, 30m"],
        ),
        (
            {"alarms": [{"rising": 5, "over": "30s"}]},
            [
                (
                    ".alarms[0].over: 30 s contain too few samples to measure a rate; "
                    "write 1m or longer, two scans of the instrument"
                )
            ],
        ),
        (
            {"alarms": [{"above": 5, "summary": "It's $warm"}]},
            [
                ".alarms[0].summary: use at most 80 characters, without quotes, backslash, comma, semicolon, question mark, # or $"
            ],
        ),
        (
            {"alarms": [{"above": 5}], "alarm_above_K": 6},
            [
                (
                    ".alarms: two alarms are above and critical, and one of them is redundant; "
                    "leave one out, or give it another severity"
                )
            ],
        ),
        ({"alarms": [{"above": 5}, {"above": 4, "severity": "warning"}, {"above": 9, "of": "sensor"}]}, []),
        (
            {"alarm_above_K": 3, "alarm_below_K": 4},
            [".alarm_below_K: 4 is not below alarm_above_K, 3: every temperature would be an alarm; exchange them"],
        ),
        (
            {"silent_after": 600},
            [
                (
                    ".silent_after: 600 is not a valid duration; write, for example, 10m, false to switch the alarm off, "
                    "or {after: 10m, severity: critical}"
                )
            ],
        ),
        (
            {"silent_after": "13s"},
            [".silent_after: 13s is too short, as a reading may take 13 s; write, for example, 6m"],
        ),
        (
            {"silent_after": "59s"},
            [
                (
                    ".silent_after: 59s is too short to tell a silent sensor from an instrument that does not answer; "
                    "write, for example, 6m"
                )
            ],
        ),
        ({"silent_after": "60s"}, []),
        ({"alarms": [{"above": 5, "for": "0s"}, {"below": 1, "for": 0}]}, []),
        ({"unreachable_after": "5m"}, [".unreachable_after: unknown key; did you mean invalid_after?"]),
        ({"silent_after": {"after": "10m", "severity": "critical"}}, []),
        (
            {"silent_after": {"severty": "critical"}},
            [".silent_after.severty: unknown key; did you mean severity?"],
        ),
        (
            {"invalid_after": {"severity": "loud"}},
            [".invalid_after.severity: 'loud' is not a severity; write warning or critical"],
        ),
        ({"away_after": "5m"}, [".away_after: unknown key; did you mean invalid_after?"]),
    ],
)
def test_a_mistake_in_a_channels_alarms(options, expected):
    found = faults({"instruments": [FRIDGE | {"channels": {2: options}}]})
    assert found == [CHANNEL + each for each in expected]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"scan_cycle": 208},
            (
                ".scan_cycle: 208 is not a valid time in which an instrument returns to a channel; "
                "write, for example, 3m: pause and dwell of all channels that it scans"
            ),
        ),
        (
            {"scan_cycle": "9h"},
            (
                ".scan_cycle: '9h' is not a valid time in which an instrument returns to a channel; "
                "write, for example, 3m: pause and dwell of all channels that it scans"
            ),
        ),
        (
            {"scan_cycle": "20m", "silent_after": "10m"},
            ".silent_after: 10m is too short, as a reading may take 1200 s; write, for example, 45m",
        ),
        (
            {"away_after": True},
            (
                ".away_after: True is not a valid duration; write, for example, 10m, false to switch the "
                "alarm off, or {after: 10m, severity: critical}"
            ),
        ),
        (
            {"unreachable_after": "soon"},
            (
                ".unreachable_after: 'soon' is not a valid duration; write, for example, 10m, false to switch the alarm off, "
                "or {after: 10m, severity: critical}"
            ),
        ),
        *(
            (
                {key: said},
                f".{key}: 39s is too short to tell it from a router that is not running; write 40s or longer",
            )
            for key in ("away_after", "unreachable_after")
            for said in ("39s", {"after": "39s"})
        ),
    ],
)
def test_a_mistake_in_an_instruments_alarms(options, expected):
    assert faults({"instruments": [FRIDGE | options]}) == [PLACE + expected]


@pytest.mark.parametrize(
    "settings",
    [
        {"instruments": [FRIDGE | {"unreachable_after": "90s"}]},
        {"instruments": [FRIDGE | {"unreachable_after": {"after": "90s", "severity": "warning"}}]},
        {"instruments": [FRIDGE], "instrument_alarms": {"unreachable_after": False}},
        {"instruments": [], "appliance_alarms": {"router_away": "2m", "network_away": False}},
        {"instruments": [], "ocs_agents": [FAKE | {"away_after": "40s"}]},
        *({"instruments": [], "alarm_interval": said} for said in ("10s", "20s", "60s", "1m")),
    ],
)
def test_what_may_be_said_of_what_is_away(settings):
    assert faults(settings) == []


@pytest.mark.parametrize("said", ["5s", "15s", "70s", "2m", 20, "0s", "soon", True])
def test_an_interval_that_grafana_cannot_keep_to(said):
    assert faults({"instruments": [], "alarm_interval": said}) == [
        (
            f"alarm_interval: {said!r} is not a valid interval between two evaluations of the alarms; "
            "write 10s, 20s, 30s, 40s, 50s or 60s: Grafana has no others"
        )
    ]


def test_an_agent_has_alarms_of_its_own_only():
    agent = FAKE | {"away_after": "soon", "invalid_after": "5m", "unreachable_after": "2m"}
    assert [each.partition(":")[0] for each in faults({"instruments": [], "ocs_agents": [agent]})] == [
        "ocs_agents[0] (id fake1).invalid_after",
        "ocs_agents[0] (id fake1).unreachable_after",
        "ocs_agents[0] (id fake1).away_after",
    ]


PRESSURE = {"field": "pressures.pressure_ch1", "above": 1e-3}


@pytest.mark.parametrize(
    ("alarms", "expected"),
    [
        ([PRESSURE | {"label": "OVC", "unit": "mbar"}, PRESSURE | {"severity": "warning"}], []),
        (
            {"above": 1},
            [".alarms: this is a mapping; write a list, for example [{field: pressures.pressure_ch1, above: 0.001}]"],
        ),
        (["above"], [".alarms[0]: this is text; write, for example, {field: pressures.pressure_ch1, above: 0.001}"]),
        (
            [{"above": 1}],
            [
                ".alarms[0].field: None is not a valid field of a feed; write feed and field, for example pressures.pressure_ch1"
            ],
        ),
        (
            [PRESSURE | {"field": "Channel_1"}],
            [
                (
                    ".alarms[0].field: 'Channel_1' is not a valid field of a feed; "
                    "write feed and field, for example pressures.pressure_ch1"
                )
            ],
        ),
        (
            [PRESSURE | {"field": "flow.Channel_1"}],
            [".alarms[0].field: flow is not among the feeds that are shown; write feeds: [flow] at the agent"],
        ),
        ([PRESSURE | {"labl": "OVC"}], [".alarms[0].labl: unknown key; did you mean label?"]),
        (
            [PRESSURE | {"unit": 5}],
            [".alarms[0].unit: without quotes this is the number 5; put what is written in the file in quotes"],
        ),
        (
            [PRESSURE, PRESSURE | {"above": 2}],
            [
                (
                    ".alarms[1]: another alarm of pressures.pressure_ch1 is above and critical; "
                    "leave one out, or give it another severity"
                )
            ],
        ),
    ],
)
def test_a_mistake_in_an_agents_alarms(alarms, expected):
    agent = FAKE | {"agent_class": "lab:Gauge", "feeds": ["pressures"], "alarms": alarms}
    assert faults({"instruments": [], "ocs_agents": [agent]}) == [
        "ocs_agents[0] (id fake1)" + each for each in expected
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"instrument_alarms": "10m"},
            "instrument_alarms: this is text; write, for example, {silent_after: 15m, invalid_after: false}",
        ),
        (
            {"instrument_alarms": {"silent": "10m"}},
            "instrument_alarms.silent: unknown key; did you mean silent_after?",
        ),
        (
            {"appliance_alarms": {"disk_free_GB": "50 GB"}},
            (
                "appliance_alarms.disk_free_GB: '50 GB' is not a valid number; write, for example, 5, false to switch the alarm off, "
                "or {limit: 5, severity: critical}"
            ),
        ),
        (
            {"appliance_alarms": {"archive_lag": 120}},
            (
                "appliance_alarms.archive_lag: 120 is not a valid duration; write, for example, 2m, false to switch the alarm off, "
                "or {limit: 2m, severity: critical}"
            ),
        ),
        (
            {"appliance_alarms": {"disk_fre_GB": 5}},
            "appliance_alarms.disk_fre_GB: unknown key; did you mean disk_free_GB?",
        ),
        ({"appliance_alarm": {}}, "appliance_alarm: unknown setting; did you mean appliance_alarms?"),
        ({"notification": {}}, "notification: unknown setting; did you mean notifications?"),
    ],
)
def test_a_mistake_in_the_sites_alarms(settings, expected):
    assert faults({"instruments": []} | settings) == [expected]


def told(**changes: object) -> dict:
    """Settings with one contact point, or with others."""
    return {"instruments": [], "notifications": TOLD | changes, "notification_secrets": {"slack_url": SECRET}}


def point(**changes: object) -> dict:
    return told(contact_points=[{"name": "on-call"} | changes])


WHERE = "notifications.contact_points[0]"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"instruments": [], "notifications": []},
            "notifications: this is a list; write contact_points: [{name: on-call, email: postdoc@lab.example}] under it",
        ),
        (
            told(contact_points=[]),
            "notifications.contact_points: write a list, for example [{name: on-call, email: postdoc@lab.example}]",
        ),
        (told(contact_point=[]), "notifications.contact_point: unknown key; did you mean contact_points?"),
        (
            point(),
            f"{WHERE}: this has no receiver; write email, slack, webhook, or type and settings of a receiver as Grafana names it",
        ),
        (
            point(email="postdoc@lab.example"),
            (
                "smtp: this is missing, and Grafana needs a server to send e-mail; "
                "write {host: smtp.lab.example:587, from: cryo@lab.example}"
            ),
        ),
        (
            point(email="postdoc") | {"smtp": {"host": "h:25", "from": "a@b"}},
            f"{WHERE}.email: 'postdoc' is not a valid e-mail address; write postdoc@lab.example, or a list of addresses",
        ),
        (
            point(webhook="lab.example/hook"),
            (
                f"{WHERE}.webhook: this is not a valid address; write https://..., or {{secret: webhook_url}} "
                "and the value under notification_secrets, preferably from Ansible Vault"
            ),
        ),
        (
            point(slack={"secret": "slak_url"}),
            (
                "notifications: the secret 'slak_url' is not defined; write slak_url: ... under "
                "notification_secrets, preferably from Ansible Vault"
            ),
        ),
        (
            point(settings={"chatid": "1"}, webhook="https://x.example"),
            f"{WHERE}.type is missing; write the receiver as Grafana names it, for example type: telegram",
        ),
        (
            point(type="telegram"),
            f"{WHERE}.settings: write them as Grafana names them, for example {{chatid: '-42', bottoken: {{secret: telegram}}}}",
        ),
        (
            point(type="slack", settings={"recipient": "#lab"}, slack={"secret": "slack_url"}),
            f"{WHERE}.type: slack is given twice; leave out one of them",
        ),
        (
            told(contact_points=[POINT, POINT | {"name": "On-Call"}]),
            (
                "notifications.contact_points[1].name: 'On-Call' is already used by notifications.contact_points[0]; "
                "give each a name of its own"
            ),
        ),
        (
            told(contact_points=[POINT | {"name": "livemon-watchdog"}]),
            (
                f"{WHERE}.name: 'livemon-watchdog' is not a valid name of a contact point; "
                "use letters, digits, spaces, '-' and '_', for example on-call"
            ),
        ),
        (told(default="oncall"), "notifications.default: there is no contact point 'oncall'; there are on-call"),
        (
            told(repeat=4),
            (
                "notifications.repeat: 4 is not a valid time between two messages about the same alarm; "
                "write, for example, 4h, at least 1m"
            ),
        ),
        (
            told(routes={"to": "on-call"}),
            "notifications.routes: this is a mapping; write a list, for example [{severity: critical, to: on-call}]",
        ),
        (
            told(routes=[{"to": "on-call"}]),
            (
                "notifications.routes[0]: it would take every alarm; "
                "say which, for example severity: critical, or write notifications.default"
            ),
        ),
        (
            told(routes=[{"severity": "critical"}]),
            "notifications.routes[0].to is missing; write a contact point, there are on-call",
        ),
        (
            told(routes=[{"severity": "critical", "to": ["on-call", "boss"]}]),
            "notifications.routes[0].to: there is no contact point 'boss'; there are on-call",
        ),
        (
            told(routes=[{"severity": ["critical", "bad"], "to": "on-call"}]),
            "notifications.routes[0].severity: no alarm has 'bad'; there are warning, critical",
        ),
        (
            told(routes=[{"instrument": ["control", "contrl"], "to": "on-call"}]) | {"instruments": [FRIDGE]},
            "notifications.routes[0].instrument: no alarm has 'contrl'; there are control, aggregator, registry",
        ),
        (
            told(routes=[{"kind": "silence", "to": "on-call"}]),
            (
                "notifications.routes[0].kind: no alarm has 'silence'; there are above, below, outside, rising, silent, invalid, "
                f"frozen, unreachable, away, degraded, {', '.join(KINDS)}"
            ),
        ),
        (
            told(routes=[{"labels": ["x"], "to": "on-call"}]),
            "notifications.routes[0].labels: write the value of each label, for example {label: 4K plate}",
        ),
        (
            told(routes=[{"severity": "critical", "to": "on-call", "continue": "yes"}]),
            (
                "notifications.routes[0].continue: 'yes' is neither true nor false; with true the routes "
                "below can take the alarm as well"
            ),
        ),
        (
            {"instruments": [], "smtp": {"host": "h:25"}},
            "smtp.from is missing; write, for example, from: cryo@lab.example",
        ),
        (
            {"instruments": [], "smtp": {"host": "smtp", "from": "a@b"}},
            "smtp.host: 'smtp' is not a valid host and port; write, for example, host: smtp.lab.example:587",
        ),
        (
            {"instruments": [], "smtp": {"host": "h:25", "from": "a@b", "password": {"secret": "mail"}}},
            "smtp: the secret 'mail' is not defined; write mail: ... under notification_secrets, preferably from Ansible Vault",
        ),
        (
            {"instruments": [], "notification_secrets": {"Slack URL": "x"}},
            (
                "notification_secrets: 'Slack URL' is not a valid name of a secret; "
                "use lower-case letters, digits and '_', for example slack_url"
            ),
        ),
    ],
)
def test_a_mistake_in_who_is_told(settings, expected):
    assert faults(settings) == [expected]


@pytest.mark.parametrize(
    "settings",
    [
        point(slack=f"https://hooks.example/{SECRET}"),
        point(slack={"url": f"https://hooks.example/{SECRET}"}),
        point(slack={"url": {"secret": "slack_url"}, "token": SECRET}),
        point(webhook=f"https://me:{SECRET}@lab.example/"),
        point(webhook={"url": "https://lab.example", "password": SECRET}),
        point(webhook={"url": "https://lab.example", "authorization_credentials": SECRET}),
        point(type="telegram", settings={"chatid": "-42", "bottoken": SECRET}),
        point(type="discord", settings={"url": f"https://discord.example/{SECRET}"}),
        point(type="pagerduty", settings={"integrationKey": SECRET}),
        point(type="mqtt", settings={"brokerUrl": "tcp://x:1883", "topic": "t", "tlsConfig": {"clientKey": SECRET}}),
        point(type="telegram", settings={"chatid": "-42", "bottoken": {"secret": "slack_url", "or": SECRET}}),
        {"instruments": [], "smtp": {"host": "h:25", "from": "a@b", "password": SECRET}},
        {"instruments": [], "notification_secrets": {"slack_url": f"{SECRET}\n"}},
        {"instruments": [], "notification_secrets": [SECRET]},
        {"instruments": [], "notification_secrets": {"slack_url": [SECRET]}},
    ],
)
def test_a_secret_in_clear_is_refused_and_not_repeated(settings):
    (fault,) = faults(settings)
    assert SECRET not in fault
    assert "notification_secrets" in fault


def receiver(type_: str, image: str = "grafana/grafana:12.0.2", is_open: bool = False, **settings: object) -> dict:
    """Settings of a site of that image, with a receiver as Grafana names it; a value of `...` is a secret."""
    filled = {key: {"secret": "slack_url"} if value is ... else value for key, value in settings.items()}
    return point(type=type_, settings=filled) | {"grafana_image": image, "grafana_anonymous_viewer": is_open}


OLD, OPEN = "grafana/grafana:9.4.7", {"is_open": True}


@pytest.mark.parametrize(
    "settings",
    [
        receiver("telegram", OLD, **OPEN, bottoken=..., chatid="-42"),
        receiver("pagerduty", OLD, **OPEN, integrationKey=...),
        receiver("webhook", OLD, **OPEN, url="https://lab.example", username="me", password=...),
        receiver("webhook", OLD, url=...),
        receiver("discord", OLD, url=...),
        receiver("discord", "grafana/grafana:10.2.0", **OPEN, url=...),
        receiver("teams", url=...),
        receiver("slack", OLD, **OPEN, token=..., recipient="#lab"),
        receiver(
            "mqtt",
            brokerUrl="tcp://192.0.2.7:1883",
            topic="lab",
            password=...,
            tlsConfig={"clientKey": {"secret": "slack_url"}},
        ),
        receiver(
            "webhook",
            "grafana/grafana",
            **OPEN,
            url="https://lab.example",
            hmacConfig={"secret": {"secret": "slack_url"}},
        ),
    ],
)
def test_a_secret_may_stand_where_grafana_hides_it_or_where_all_viewers_have_a_password(settings):
    assert faults(settings) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            receiver("discord", OLD, **OPEN, url=...),
            (
                ".settings.url: Grafana 9.4 shows this address to all viewers, and with grafana_anonymous_viewer anyone is one; "
                "leave grafana_anonymous_viewer out, or use Grafana 10.2 or newer, which hides it"
            ),
        ),
        (
            receiver("teams", "grafana/grafana", **OPEN, url=...),
            (
                ".settings.url: Grafana shows this address to all viewers, and with grafana_anonymous_viewer anyone is one; "
                "leave grafana_anonymous_viewer out"
            ),
        ),
        (
            receiver("dingding", "grafana/grafana:12.0.9", **OPEN, url=...),
            (
                ".settings.url: Grafana 12.0 shows this address to all viewers, and with grafana_anonymous_viewer anyone is one; "
                "leave grafana_anonymous_viewer out, or use Grafana 12.1 or newer, which hides it"
            ),
        ),
        (
            point(webhook={"secret": "slack_url"}) | {"grafana_anonymous_viewer": "yes", "grafana_image": OLD},
            (
                ".webhook: Grafana 9.4 shows this address to all viewers, and with grafana_anonymous_viewer anyone is one; "
                "leave grafana_anonymous_viewer out, write the address in plain text and the secret part "
                "as authorization_credentials "
                "and password"
            ),
        ),
        (
            receiver("webhook", OLD, url="https://lab.example", username=...),
            (
                ".settings.username: Grafana 9.4 shows this setting to all viewers; write no secret here, it hides only "
                "authorization_credentials and password of webhook"
            ),
        ),
        (
            receiver("kafka", OLD, kafkaRestProxy="http://192.0.2.7:8082", kafkaTopic="lab", password=...),
            (
                ".settings.password: Grafana 9.4 shows this setting to all viewers; write no secret here, it hides "
                "nothing of kafka: use another receiver, or use Grafana 10.0 or newer, which hides it"
            ),
        ),
        (
            receiver("telegramm", bottoken=..., chatid="1"),
            ".type: Grafana has no receiver 'telegramm'; did you mean telegram?",
        ),
        (
            receiver("mqtt", OLD, brokerUrl="tcp://192.0.2.7:1883", topic="lab"),
            ".type: Grafana 9.4 has no receiver mqtt; write another, or grafana_image: grafana/grafana:11.4.0 or newer",
        ),
        (receiver("telegram", bottoken=...), ".settings: chatid is missing, which telegram requires"),
        (
            receiver("pushover", device="phone"),
            ".settings: apiToken and userKey are missing, which pushover requires",
        ),
        (
            receiver("telegram", bottoken=..., chatid="1", parse_mode="HTML"),
            ".settings.parse_mode: the messages of livemon are plain text; leave it out, or write a message as well",
        ),
    ],
)
def test_what_grafana_would_refuse_or_show_is_refused(settings, expected):
    assert faults(settings) == [WHERE + expected]


def test_every_mistake_is_told_at_once():
    found = faults(
        {
            "instruments": [FRIDGE | {"silent_after": "soon", "channels": {2: {"alarms": [{"above": "x"}]}}}],
            "appliance_alarms": {"disk": 1},
            "notifications": {"contact_points": [{"name": "a"}], "default": "b"},
            "smtp": {},
        }
    )
    assert len(found) == 7


def test_a_scan_cycle_that_cannot_be_is_the_only_fault_of_a_channel_that_depends_on_it():
    """The check compared the channel's time with a cycle that was not known, and ended with a TypeError."""
    channels = {2: {"silent_after": "2m", "frozen_after": "30m", "alarms": [{"rising": 1, "over": "1m"}]}}
    assert faults({"instruments": [FRIDGE | {"scan_cycle": "soon", "channels": channels}]}) == [
        (
            "instruments[0] (id control).scan_cycle: 'soon' is not a valid time in which an instrument returns to a channel; "
            "write, for example, 3m: pause and dwell of all channels that it scans"
        )
    ]
