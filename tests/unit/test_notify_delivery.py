"""Whether livemon's own messages arrive, by a real mail server and a real HTTP receiver, and what is said if they do not."""

from __future__ import annotations

import json
import socket
import ssl

import pytest
from mail_server import mail_server
from receiver import receiver

from livemon.installation import certificates
from livemon.notify import mail, web
from livemon.notify.message import Item, Message

SINCE = 1_700_000_000.0
TAGS = {"severity": "critical", "instrument": "control", "kind": "above", "subject": "4K plate (control, channel 2)"}
HOT = Item(
    "control:2:above:critical", TAGS, "4K plate (control, channel 2): 5.3 K, above 5 K", "Look at the stages.", SINCE
)
OVER = Item("x", TAGS, "<Still> & co_: 1 K, no longer above 2 K", "", SINCE, ended=SINCE + 600)
MESSAGE = Message([HOT], "on-call", "monitor", "Grafana does not notify of alarms", SINCE + 5)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """A server's side of TLS, and the certificate of who signed it."""
    directory = tmp_path_factory.mktemp("pki")
    list(certificates.ensure(directory, [certificates.Server(names=("localhost",), addresses=("127.0.0.1",))]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server/server.crt", directory / "server/server.key")
    return context, directory / "ca.crt"


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "password"
    path.write_text("s3cret-word\n")
    return {"file": str(path)}


def smtp(port, **others):
    return {"host": "127.0.0.1", "port": port, "from": "cryo@lab.example", "from_name": "Cryo lab"} | others


TO = {"kind": "email", "to": "postdoc@lab.example", "addresses": ["postdoc@lab.example", "pi@lab.example"]}


def test_a_mail_arrives_at_its_address_and_says_who_else_was_notified():
    with mail_server() as server:
        assert mail.deliver(MESSAGE, TO, smtp(server.port)) is None
    [(address, received)] = server.received
    assert address == "postdoc@lab.example"
    assert received["To"] == "postdoc@lab.example, pi@lab.example"
    assert received["From"] == "Cryo lab <cryo@lab.example>"
    assert received["Subject"].startswith("CRITICAL 4K plate (control, channel 2): 5.3 K, above 5 K, since 14 Nov ")
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Message-ID"].endswith("@lab.example>")
    assert (
        "Look at the stages.\n\nSent by livemon on monitor: Grafana does not notify"
        in received.get_content().replace("\r", "")
    )


def test_a_label_makes_no_headers_of_its_own():
    bad = Item("x", TAGS, "a\r\nBcc: all@lab.example\n\nbody", "", SINCE)
    with mail_server() as server:
        assert mail.deliver(Message([bad], "on-call", "m", "r"), TO, smtp(server.port)) is None
    assert [address for address, _ in server.received] == ["postdoc@lab.example"]
    assert server.received[0][1]["Bcc"] is None


@pytest.mark.parametrize("from_the_beginning", [False, True])
def test_a_password_goes_over_tls_that_was_verified(tls, secret, monkeypatch, from_the_beginning):
    context, authority = tls
    with mail_server(tls=context, from_the_beginning=from_the_beginning, login=("cryo", "s3cret-word")) as server:
        monkeypatch.setattr(mail, "TLS_PORT", server.port if from_the_beginning else 465)
        settings = smtp(server.port, user="cryo", password=secret)
        assert "does not verify" in mail.deliver(MESSAGE, TO, settings)
        assert server.received == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert mail.deliver(MESSAGE, TO, settings) is None
    assert server.logged_in == [True]


def test_a_password_is_never_sent_in_clear(secret):
    with mail_server(login=("cryo", "s3cret-word")) as server:
        fault = mail.deliver(MESSAGE, TO, smtp(server.port, user="cryo", password=secret))
    assert fault == "the mail server offers no TLS, and a password is not sent in clear"
    assert server.received == []


def test_an_address_that_the_server_cannot_take_is_said():
    with mail_server() as server:
        fault = mail.deliver(MESSAGE, TO | {"to": "jürgen@lab.example"}, smtp(server.port))
    assert fault == "the mail server takes no password, or no address with signs beyond ASCII"


def silent_port():
    """A port at which somebody listens and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, listener.getsockname()[1]


def test_what_keeps_a_mail_is_said_without_the_password(tls, tmp_path, monkeypatch):
    context, authority = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong-word")
    with mail_server(tls=context, login=("cryo", "s3cret-word"), refused={"postdoc@lab.example"}) as server:
        refused = mail.deliver(MESSAGE, TO, smtp(server.port, user="cryo", password={"file": str(wrong)}))
        unknown = mail.deliver(MESSAGE, TO, smtp(server.port))
        server.is_broken, server.refused = True, set()
        later = mail.deliver(MESSAGE, TO, smtp(server.port))
    assert refused == "the mail server refuses the user or the password"
    assert unknown == "the mail server refuses the address (550)"
    assert later == "the mail server answers 451"
    assert mail.deliver(MESSAGE, TO, smtp(1)) == "connection refused"
    nowhere = {"host": "mail.invalid"}
    assert mail.deliver(MESSAGE, TO, smtp(25) | nowhere) == "the name of the host is not known here"
    lost = smtp(25, user="cryo", password={"file": str(tmp_path / "lost")})
    assert mail.deliver(MESSAGE, TO, lost) == "its secret cannot be read: no such file or directory"
    listener, port = silent_port()
    with listener:
        monkeypatch.setattr(mail, "SECONDS_TO_ANSWER", 0.2)
        assert mail.deliver(MESSAGE, TO, smtp(port)) == "the mail server does not answer within 30 s"


def test_a_webhook_gets_what_grafanas_has_with_its_password(secret):
    with receiver() as somebody:
        settings = {"kind": "webhook", "url": f"{somebody.url}/hook", "username": "livemon", "password": secret}
        assert web.deliver(Message([HOT, OVER], "hook", "monitor", "reason", SINCE), settings) is None
    [received] = somebody.received
    assert (received.method, received.path) == ("POST", "/hook")
    assert received.headers["Authorization"] == "Basic bGl2ZW1vbjpzM2NyZXQtd29yZA=="
    body = json.loads(received.body)
    assert (body["status"], body["receiver"], body["state"]) == ("firing", "hook", "alerting")
    assert body["title"].startswith("1 alarm, 1 no longer firing: CRITICAL 4K plate")
    firing, over = body["alerts"]
    assert firing["status"] == "firing"
    assert firing["startsAt"] == "2023-11-14T22:13:20.000Z"
    assert firing["labels"] == TAGS | {"alertname": TAGS["subject"], "name": HOT.id}
    assert (over["status"], over["endsAt"]) == ("resolved", "2023-11-14T22:23:20.000Z")


def test_a_webhook_whose_alarms_are_all_over_is_resolved_and_may_want_a_token(secret):
    with receiver() as somebody:
        settings = {"kind": "webhook", "url": somebody.url, "httpMethod": "PUT", "authorization_credentials": secret}
        assert web.deliver(Message([OVER], "hook", "monitor", "reason", SINCE), settings) is None
    [received] = somebody.received
    assert received.headers["Authorization"] == "Bearer s3cret-word"
    assert (received.method, json.loads(received.body)["status"]) == ("PUT", "resolved")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("slack", lambda body: body["text"]),
        ("discord", lambda body: body["content"]),
        ("teams", lambda body: "\n".join(each["text"] for each in body["attachments"][0]["content"]["body"])),
        ("googlechat", lambda body: body["text"]),
    ],
)
def test_chat_services_get_the_text_at_their_secret_address(kind, text, tmp_path):
    with receiver() as somebody:
        (tmp_path / "url").write_text(f"{somebody.url}/services/token")
        assert web.deliver(MESSAGE, {"kind": kind, "url": {"file": str(tmp_path / "url")}}) is None
    [received] = somebody.received
    assert received.path == "/services/token"
    assert "4K plate (control, channel 2): 5.3 K, above 5 K" in text(json.loads(received.body))


def test_signs_of_markup_are_shown_as_they_are():
    message = Message([OVER], "chat", "monitor", "reason", SINCE)
    assert "&lt;Still&gt; &amp; co_" in web.BODIES["slack"](message)["text"]
    discord = web.BODIES["discord"](message)
    assert r"\<Still\> & co\_" in discord["content"]
    assert discord["allowed_mentions"] == {"parse": []}


def test_a_long_message_is_cut_where_a_service_would_refuse_it():
    many = [Item(str(number), TAGS, "too long " * 9, "", SINCE) for number in range(100)]
    assert len(web.BODIES["discord"](Message(many, "chat", "monitor", "reason", SINCE))["content"]) == 2000


def test_telegram_gets_it_by_its_bot(tmp_path):
    (tmp_path / "bot").write_text("12:token")
    with receiver() as somebody:
        settings = {
            "kind": "telegram",
            "bottoken": {"file": str(tmp_path / "bot")},
            "chatid": "-42",
            "endpoint": somebody.url,
        }
        assert web.deliver(MESSAGE, settings) is None
    [received] = somebody.received
    assert received.path == "/bot12:token/sendMessage"
    assert json.loads(received.body)["chat_id"] == "-42"


@pytest.mark.parametrize("status", [302, 401, 500])
def test_what_keeps_a_request_is_said_without_the_address(status, tmp_path):
    with receiver(status, Location="/login") as somebody:
        (tmp_path / "url").write_text(f"{somebody.url}/services/token")
        fault = web.deliver(MESSAGE, {"kind": "slack", "url": {"file": str(tmp_path / "url")}})
    assert fault == f"the answer is HTTP status {status}"
    (tmp_path / "url").write_text("http://127.0.0.1:1/services/token")
    assert web.deliver(MESSAGE, {"kind": "slack", "url": {"file": str(tmp_path / "url")}}) == "connection refused"
    lost = web.deliver(MESSAGE, {"kind": "slack", "url": {"file": str(tmp_path / "lost")}})
    assert lost == "its secret cannot be read: no such file or directory"
