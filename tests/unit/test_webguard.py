"""What our web servers refuse before they read a body, and how long they wait: Twisted's own channel on a clock of the test's."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import Resource
from twisted.web.server import Site

from livemon.webguard import LARGEST_BODY, LINGER, PATIENCE, READING, Rules, guard

ORIGIN = "https://ocs-web.lab.example"
RULES = Rules(frozenset({"monitor.lab.example"}), frozenset({ORIGIN}), {"X-Content-Type-Options": "nosniff"})


class Echo(Resource):
    """Answers with the size of the body, or with as many bytes as the path says."""

    isLeaf = True  # noqa: N815 - Twisted's name

    def render(self, request):
        return b"x" * int(request.path[1:]) if request.path[1:] else b"%d bytes" % len(request.content.read())


class Peer(StringTransport):
    """A TCP connection whose other end takes what is written, or not; it ends when the server closes it."""

    taking = True

    def write(self, data):
        super().write(data)
        if not self.taking:
            self.producer.pauseProducing()

    def loseConnection(self):  # noqa: N802 - Twisted's name
        super().loseConnection()
        if self.taking:
            self.end()

    def abortConnection(self):  # noqa: N802 - Twisted's name
        self.aborting = True
        self.end()

    def end(self):
        if self.connected:
            self.connected = False
            self.protocol.connectionLost(None)


class Server:
    """A site that keeps to `RULES`, and its clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.site = Site(Echo(), reactor=self.clock)
        guard(self.site, RULES)

    def connect(self) -> Peer:
        peer = Peer(peerAddress=IPv4Address("TCP", "127.0.0.1", 50000))
        peer.protocol = self.site.buildProtocol(peer.getPeer())
        peer.protocol.makeConnection(peer)
        return peer

    def ask(self, *headers: str, start: str = "GET / HTTP/1.1", body: bytes = b"") -> tuple[int, str]:
        """Status and text of an answer."""
        peer = self.connect()
        peer.protocol.dataReceived("\r\n".join([start, *headers, "", ""]).encode() + body)
        return answered(peer)

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.advance(1)


def answered(peer: Peer) -> tuple[int, str]:
    head, _, body = peer.value().partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.site.stopFactory()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:5000",
        "LOCALHOST:5000",
        "localhost.",
        "localhost.:5000",
        "127.0.0.1:15000",
        "[::1]",
        "[::1]:5000",
        "[2001:DB8::7]:5000",
        "192.0.2.10",
        "monitor.lab.example",
        "Monitor.Lab.Example.:443",
    ],
)
def test_a_name_of_ours_is_answered(server, host):
    assert server.ask(f"Host: {host}")[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:5000",
        "localhost.evil.example",
        "localhost..",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "evil.example/localhost",
        "[::1].evil.example",
        "[localhost]",
        "lab.example",
        "",
        ":5000",
        "localhost:5000:80",
    ],
)
def test_a_name_of_somebody_else_is_refused(server, host):
    status, text = server.ask(f"Host: {host}", "X-Forwarded-Host: localhost", "Forwarded: host=localhost")
    assert status == 421
    assert "is not a name of this server; use localhost, or add the name to monitor_names" in json.loads(text)["error"]


def test_two_names_at_once_are_refused(server):
    assert server.ask("Host: localhost", "Host: evil.example")[0] == 421
    assert server.ask("Host: localhost", "Host: localhost")[0] == 421


def test_a_program_that_gives_no_name_is_answered(server):
    assert server.ask(start="GET / HTTP/1.0")[0] == 200


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://ocs-web.lab.example.evil.example", "http://localhost:8001", ""]
)
def test_a_page_of_another_origin_is_refused_and_may_not_read_why(server, method, origin):
    peer = server.connect()
    peer.protocol.dataReceived(f"{method} / HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n\r\n".encode())
    status, text = answered(peer)
    assert status == 403
    assert "add it to ocs_web_origins" in json.loads(text)["error"]
    assert b"access-control-allow" not in peer.value().lower()
    assert b"X-Content-Type-Options: nosniff" in peer.value()
    assert not peer.connected


def test_one_foreign_origin_among_two_is_enough(server):
    assert server.ask("Host: localhost", f"Origin: {ORIGIN}", "Origin: http://evil.example")[0] == 403
    assert server.ask("Host: localhost", "Sec-WebSocket-Origin: http://evil.example")[0] == 403


def test_a_page_of_an_origin_that_is_let_in_is_answered(server):
    assert server.ask("Host: localhost", f"Origin: {ORIGIN}") == (200, "0 bytes")


def test_a_body_of_the_largest_size_is_taken(server):
    assert server.ask(
        "Host: localhost", f"Content-Length: {LARGEST_BODY}", start="POST / HTTP/1.1", body=b"x" * LARGEST_BODY
    ) == (200, f"{LARGEST_BODY} bytes")


def test_a_body_that_is_announced_as_too_large_is_refused_before_it_comes(server):
    status, text = server.ask(
        "Host: localhost", "Content-Length: 2000000000", "Expect: 100-continue", start="POST / HTTP/1.1"
    )
    assert (status, json.loads(text)["error"]) == (
        413,
        f"the request's body is too large; the limit is {LARGEST_BODY} bytes",
    )


def chunks(size: int) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (1 << 16, b"x" * (1 << 16)) for _ in range(size >> 16))


def test_a_body_in_pieces_is_refused_when_it_gets_too_large(server):
    peer = server.connect()
    peer.protocol.dataReceived(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.protocol.dataReceived(chunks(LARGEST_BODY))
    assert peer.value() == b""
    peer.protocol.dataReceived(chunks(1 << 16))
    assert answered(peer)[0] == 413
    request = peer.protocol.requests[0]
    kept = request.content.tell()
    peer.protocol.dataReceived(chunks(LARGEST_BODY))
    assert request.content.tell() == kept <= LARGEST_BODY, "what comes after the refusal is thrown away"
    assert peer.connected
    server.wait(LINGER)
    assert not peer.connected


def test_a_refused_body_that_ends_closes_the_connection_without_a_second_answer(server):
    peer = server.connect()
    peer.protocol.dataReceived(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.protocol.dataReceived(chunks(2 * LARGEST_BODY) + b"0\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert not peer.connected
    assert peer.value().count(b"HTTP/1.1 ") == 1
    server.wait(LINGER)  # nothing is left to be done


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n",
    ],
)
def test_who_sends_a_byte_now_and_then_is_cut_off(server, begun):
    peer = server.connect()
    peer.protocol.dataReceived(begun)
    for _ in range(PATIENCE + 1):
        if peer.connected:
            peer.protocol.dataReceived(b"x")
        server.wait(1)
    assert not peer.connected
    assert peer.value() == b""


def test_a_connection_may_be_used_again_and_again_with_pauses(server):
    peer = server.connect()
    for count in range(1, 6):
        server.wait(PATIENCE - 5)
        peer.protocol.dataReceived(b"GET / HTTP/1.1\r\nHo")
        server.wait(PATIENCE - 5)
        peer.protocol.dataReceived(b"st: localhost\r\n\r\n")
        assert peer.value().count(b"HTTP/1.1 200 OK") == count
    server.wait(PATIENCE + 1)
    assert not peer.connected


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_who_takes_an_answer_slowly_has_time_and_not_for_ever(server, version):
    peer = server.connect()
    peer.taking = False
    peer.protocol.dataReceived(f"GET /100000 HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
    server.wait(READING - 1)
    assert peer.connected, "a slow line is not a fault"
    server.wait(2 * PATIENCE)
    assert peer.aborting


def test_who_has_taken_an_answer_in_the_end_goes_on(server):
    peer = server.connect()
    peer.taking = False
    peer.protocol.dataReceived(b"GET /100000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    server.wait(READING - 1)
    peer.taking = True
    peer.producer.resumeProducing()
    peer.clear()
    peer.protocol.dataReceived(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answered(peer) == (200, "0 bytes")
