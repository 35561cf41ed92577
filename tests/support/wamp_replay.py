"""Say on a router what a transcript of tests/support/wamp_recorder.py has as sent, and hear what is answered.

Usage: python tests/support/wamp_replay.py TRANSCRIPT URL CA SECRET_FILE, the last two `-` for an anonymous session. Messages
are said in the recorded order, each when what was recorded before it has been heard; calls that come are answered as that
procedure's calls were, in turn, for ever with the last answer. Numbers that the router gives (sessions, registrations,
subscriptions) are replaced by the present ones, and times of the recorded day by the present ones. A line of standard output
for each message that answers a recorded one: ``{"recorded": message, "heard": message}``; ``{"done": true}`` when all has been
said. Ends with its input.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import txaio

txaio.use_twisted()

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol  # noqa: E402 - txaio first
from autobahn.wamp.auth import compute_wcs  # noqa: E402
from twisted.internet import reactor, ssl  # noqa: E402
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS  # noqa: E402
from twisted.internet.protocol import Protocol  # noqa: E402
from twisted.internet.stdio import StandardIO  # noqa: E402

WELCOME, ABORT, CHALLENGE, AUTHENTICATE, ERROR = 2, 3, 4, 5, 8
PUBLISH, SUBSCRIBE, SUBSCRIBED, EVENT, CALL, RESULT, REGISTER, REGISTERED, INVOCATION, YIELD = (
    16,
    32,
    33,
    36,
    48,
    50,
    64,
    65,
    68,
    70,
)
REQUESTS = {PUBLISH, SUBSCRIBE, CALL, REGISTER}
ANSWERS = {SUBSCRIBED, RESULT, REGISTERED}
DAY = 86400.0

Message = list[Any]
Line = tuple[float, str, Message]


def read(path: Path) -> list[Line]:
    """Return the transcript's lines."""
    return [tuple(json.loads(line)) for line in path.read_text().splitlines()]


class Replay(WebSocketClientProtocol):
    """Upstream's side of one session."""

    def onOpen(self) -> None:  # noqa: N802 - autobahn's name
        self.numbers: dict[int, int] = {}
        """Present numbers by recorded ones: of sessions, registrations, subscriptions, requests."""
        self.last_request = 0
        self.waiting: list[Message] = []
        """Heard, but not expected yet."""
        self.script, self.turns = self._part(self.factory.lines)
        self.last_turns: dict[int, list[Line]] = {}
        self._go_on()

    @staticmethod
    def _part(lines: list[Line]) -> tuple[list[Line], dict[int, list[list[Line]]]]:
        """Part what is said unasked from the calls that are answered, by the recorded registration."""
        script, turns, calls = [], defaultdict(list), {}
        said: list[Line] = []
        for line in lines:
            _, direction, message = line
            if message[0] == INVOCATION:
                calls[message[1]] = message[2]
                turns[message[2]].append([line])
                said = turns[message[2]][-1]
            elif direction == "sent" and message[0] == YIELD:
                turns[calls[message[1]]][-1].append(line)
                said = []
            elif direction == "sent" and said and message[0] == PUBLISH:  # told between a call and its answer
                said.append(line)
            else:
                script.append(line)
        return script, turns

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        message = json.loads(payload)
        if message[0] == CHALLENGE:
            self.challenge = message[2]["challenge"]
        if message[0] == INVOCATION:
            self._answer(message)
            return
        self.waiting.append(message)
        self._go_on()

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: N802, N803
        tell({"closed": reason})

    def _go_on(self) -> None:
        while self.script:
            when, direction, message = self.script[0]
            if direction == "sent":
                self._say(when, message)
            else:
                heard = next((each for each in self.waiting if self._answers(message, each)), None)
                if heard is None:
                    return
                self.waiting.remove(heard)
                self._learn(message, heard)
                tell({"recorded": message, "heard": heard})
            self.script.pop(0)
        tell({"done": True})

    def _answers(self, recorded: Message, heard: Message) -> bool:
        """Whether a message is the present one of a recorded one; an error may be, instead of a result."""
        kind = recorded[0]
        if kind in ANSWERS or kind == ERROR:
            request = self.numbers.get(recorded[2] if kind == ERROR else recorded[1])
            return (heard[2] if heard[0] == ERROR else heard[1]) == request and (
                heard[0] in ANSWERS or heard[0] == ERROR
            )
        if kind == EVENT:
            return heard[0] == EVENT and heard[1] == self.numbers[recorded[1]]
        return heard[0] == kind or heard[0] == ABORT

    def _learn(self, recorded: Message, heard: Message) -> None:
        if recorded[0] == heard[0] == WELCOME:
            self.numbers[recorded[1]] = heard[1]
        elif recorded[0] == heard[0] and recorded[0] in (REGISTERED, SUBSCRIBED):
            self.numbers[recorded[2]] = heard[2]

    def _answer(self, call: Message) -> None:
        """Answer a call as one of the same procedure was; the last recorded one for ever."""
        registration = next(
            number for number, present in self.numbers.items() if present == call[2] and number in self.turns
        )
        (_, _, recorded), *said = self._turn(registration)
        tell({"recorded": recorded, "heard": call})
        for when, _, message in said:
            self._say(when, [YIELD, call[1], *message[2:]] if message[0] == YIELD else message)

    def _turn(self, registration: int) -> list[Line]:
        """Return what a call is answered with: as the next one was, unless others were recorded before that and have yet to come."""
        to_come, last = self.turns[registration], self.last_turns.get(registration)

        def request(turns: list[list[Line]]) -> int:
            return turns[0][0][2][1]

        if last and (not to_come or any(each and request(each) < request(to_come) for each in self.turns.values())):
            return last
        self.last_turns[registration] = to_come.pop(0)
        return self.last_turns[registration]

    def _say(self, when: float, message: Message) -> None:
        kind = message[0]
        if kind == AUTHENTICATE:
            message = [AUTHENTICATE, compute_wcs(self.factory.secret, self.challenge).decode(), {}]
        elif kind in REQUESTS:
            self.last_request += 1
            self.numbers[message[1]] = self.last_request
            message = [kind, self.last_request, *(self._present(each, when) for each in message[2:])]
        elif kind == YIELD:
            message = [kind, message[1], *(self._present(each, when) for each in message[2:])]
        self.sendMessage(json.dumps(message).encode())

    def _present(self, value: Any, when: float) -> Any:
        """Replace what belongs to the time of the recording."""
        if isinstance(value, dict):
            return {key: self._present(each, when) for key, each in value.items()}
        if isinstance(value, list):
            return [self._present(each, when) for each in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if abs(value - when) < DAY:
                return value - when + time.time()
            return self.numbers.get(value, value) if value > 2**32 else value
        return value


def tell(what: dict) -> None:
    """Print a line."""
    print(json.dumps(what), flush=True)


class Input(Protocol):
    """Ends the process with its input."""

    def connectionLost(self, reason: object = None) -> None:  # noqa: N802
        if reactor.running:
            reactor.stop()


def main() -> None:
    """Replay a transcript."""
    transcript, url, ca, secret_file = sys.argv[1:]
    parts = urlsplit(url)
    endpoint = HostnameEndpoint(reactor, parts.hostname.encode(), parts.port)
    if ca != "-":
        authority = ssl.Certificate.loadPEM(Path(ca).read_bytes())
        endpoint = wrapClientTLS(ssl.optionsForClientTLS(parts.hostname, trustRoot=authority), endpoint)
    factory = WebSocketClientFactory(url, protocols=["wamp.2.json"])
    factory.protocol = Replay
    factory.lines = read(Path(transcript))
    factory.secret = "" if secret_file == "-" else Path(secret_file).read_text().strip()
    endpoint.connect(factory).addErrback(lambda failure: tell({"closed": failure.getErrorMessage()}))
    StandardIO(Input())
    reactor.run()


if __name__ == "__main__":
    main()
