"""An OCS agent that outlives the router, and ends when it can no longer do its work.

Upstream's agent process stays alive when its acquisition has died, so that nothing restarts it and nothing shows it. Here
the process ends, with an error, when

- an operation that it starts itself at start-up is refused or fails,
- a process (in OCS's sense, for example ``acq``), whoever started it, fails, or ends although it was not asked to stop.

An operation that runs while the connection to the instrument is lost is degraded, whatever its agent says, so that the heartbeat
shows it. A Lake Shore's connection reports this itself (:mod:`livemon.instruments.common.connection`); for other instruments the
agent's session data may.

The process goes on after a deliberate stop, after an operation that was asked for one turn only (``run_once``, ``test_mode``), after
one that a client started and that ended well (a scan, a stream of a given length), and after a failed task that a client
asked for.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Generator
from typing import Any

import ocs
from autobahn.wamp.types import CloseDetails, RegisterOptions
from ocs import ocs_agent
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.error import ReactorNotRunning
from twisted.python.failure import Failure

from livemon.agents.feeds import FeedingAgent
from livemon.health.liveness import touch_alive
from livemon.instruments.common.connection import contacts

Answer = tuple[int, str, dict[str, Any]]
"""OCS's answer to a command: its status, a message, and the session, empty if there is none."""
ONE_TURN = ("run_once", "test_mode")
SECONDS_TO_END = 8.0
"""Then the process ends even if an operation blocks in a driver; Docker would kill it after 10 s."""


class Verdict:
    """How this process is to end.

    `fault` says why it failed, `asked` that it was asked to end, `joined` that it has been connected to the router.
    """

    def __init__(self) -> None:
        self.fault: str | None = None
        self.asked = False
        self.joined = False

    @property
    def ending(self) -> bool:
        """Whether the end has been decided."""
        return self.asked or self.fault is not None


verdict = Verdict()


def end(fault: str | None = None) -> None:
    """End the process: with `fault`, or because it was asked to. Only the first call counts. Reactor thread only."""
    if verdict.ending:
        return
    verdict.fault, verdict.asked = fault, fault is None
    watchdog = threading.Timer(SECONDS_TO_END, _end_now)
    watchdog.daemon = True
    watchdog.start()


def stop_reactor() -> None:
    """Stop the reactor, unless it has been stopped."""
    with contextlib.suppress(ReactorNotRunning):
        reactor.stop()


def _end_now() -> None:
    if verdict.fault:
        print(f"livemon: {verdict.fault}", flush=True)
    os._exit(1 if verdict.fault else 0)


class SupervisedAgent(FeedingAgent):
    """Upstream's agent, supervised."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._started_at_startup: set[int] = set()
        self._one_turn: set[int] = set()
        self._started_by_client: set[int] = set()
        self._without_connection: set[int] = set()
        self._stops: list[int] = []  # the sessions of the stops that were not refused

    # Life with the router

    def register(
        self, endpoint: Any, procedure: str | None = None, options: Any = None, **kwargs: Any
    ) -> Deferred[Any]:
        """Register, also if the router still has the registration of an earlier session of ours that it does not know to be dead."""
        registered: Deferred[Any] = super().register(
            endpoint, procedure, options or RegisterOptions(force_reregister=True), **kwargs
        )
        return registered

    def onJoin(self, details: Any) -> Deferred[None]:  # noqa: N802 - autobahn's name
        """Note that the router was reached, for the message in case of failure."""
        verdict.joined = True
        joined: Deferred[None] = super().onJoin(details)
        return joined

    def onLeave(self, details: Any) -> Deferred[None]:  # noqa: N802 - autobahn's name
        """Keep operations running: upstream stops them if the router closes the session, and never starts them again.

        When the process ends they have been stopped before, so that there is nothing to wait for.
        """
        if details.reason == CloseDetails.REASON_DEFAULT:
            details = CloseDetails("livemon.rejoining", details.message)
        left: Deferred[None] = super().onLeave(details)
        return left

    # What the heartbeat says

    def publish_to_feed(self, feed_name: str, message: Any, from_reactor: bool | None = None) -> None:
        """Publish; before a heartbeat look which processes have lost their connections, and if none has, note that it is alive."""
        if feed_name == "heartbeat":
            for session in self.sessions.values():
                if session is not None and session.status == "running":
                    self._look_at_connection(session)
            message = {
                name: (ocs.base.OpCode.NONE if session is None else session.op_code).value
                for name, session in self.sessions.items()
            }
            if ocs.base.OpCode.DEGRADED.value not in message.values():
                touch_alive()
        super().publish_to_feed(feed_name, message, from_reactor)

    def _look_at_connection(self, session: ocs_agent.OpSession) -> None:
        connected = _connected(session)
        if connected is False and not session.degraded:
            session.degraded = True
            self._without_connection.add(session.session_id)
        elif connected and session.session_id in self._without_connection:
            session.degraded = False
            self._without_connection.discard(session.session_id)

    def _management_handler(self, q: str, **kwargs: Any) -> Any:
        """Answer as upstream does; if this process talks to instruments, the answer to ``get_api`` also has ``instruments``.

        That is what they replied to ``*IDN?``, by address, without those that do not reply now.
        """
        answer = super()._management_handler(q, **kwargs)
        if q == "get_api" and contacts.complete is not None:
            answer["instruments"] = contacts.identities
        return answer

    # Who started and stopped what

    def _ops_handler(self, action: str, op_name: str, *args: Any, **kwargs: Any) -> Answer:
        answer: Answer = super()._ops_handler(action, op_name, *args, **kwargs)
        if action == "start" and answer[0] == ocs.OK:
            self._started_by_client.add(answer[2]["session_id"])
        return answer

    def start(self, op_name: str, params: Any = None, password: Any = None) -> Answer:
        """Start an operation, and note who started it and for how long."""
        # Upstream passes the agent itself as the password of start-up operations.
        at_startup = password is self
        answer: Answer = super().start(op_name, params, password)
        session = self.sessions.get(op_name)
        if session is None:
            if at_startup:
                end(f"start-up operation {op_name} of agent {self.instance_id} was refused: {answer[1]}")
                self._shutdown()
        elif answer[0] == ocs.OK:
            if at_startup:
                self._started_at_startup.add(session.session_id)
            if isinstance(params, dict) and any(params.get(name) for name in ONE_TURN):
                self._one_turn.add(session.session_id)
        return answer

    def stop(self, op_name: str, params: Any = None, password: Any = None) -> Answer:
        """Stop a process, and note that its end was asked for."""
        session = self.sessions.get(op_name)
        if session is None:
            refused: Answer = super().stop(op_name, params, password)
            return refused
        self._stops.append(session.session_id)  # first: the process may end before the call returns
        answer: Answer = super().stop(op_name, params, password)
        if answer[0] != ocs.OK:
            self._stops.remove(session.session_id)
        return answer

    def register_process(self, name: str, start_func: Any, stop_func: Any, *args: Any, **kwargs: Any) -> None:
        """Register a process; if its own code refuses a stop, the stop is not noted: the process still has to run on."""

        def stop(session: ocs_agent.OpSession, params: Any) -> Any:
            def refused(answer: Any) -> Any:
                if isinstance(answer, tuple) and not answer[0]:
                    with contextlib.suppress(ValueError):  # the process has ended since
                        self._stops.remove(session.session_id)
                return answer

            answer = stop_func(session, params)
            return answer.addCallback(refused) if isinstance(answer, Deferred) else refused(answer)

        super().register_process(name, start_func, stop, *args, **kwargs)

    # How operations end

    def _handle_task_return_val(self, *args: Any, **kwargs: Any) -> None:
        super()._handle_task_return_val(*args, **kwargs)
        (_, message), session = args
        self._judge(session, str(message))

    def _handle_task_error(self, *args: Any, **kwargs: Any) -> None:
        super()._handle_task_error(*args, **kwargs)
        failure, session = args
        self._judge(session, _sentence(failure))

    def _judge(self, session: ocs_agent.OpSession, message: str) -> None:
        was_stopped = session.session_id in self._stops
        ended_well = session.success and session.session_id in self._one_turn | self._started_by_client
        is_process = session.op_name in self.processes
        failed_start = not session.success and session.session_id in self._started_at_startup
        self._stops = [other for other in self._stops if other != session.session_id]
        for noted in (self._one_turn, self._started_by_client, self._started_at_startup, self._without_connection):
            noted.discard(session.session_id)
        if verdict.ending or was_stopped or ended_well or not (is_process or failed_start):
            return
        kind = "process" if is_process else "start-up task"
        outcome = "ended without being stopped" if session.success else "failed"
        end(f"{kind} {session.op_name} of agent {self.instance_id} {outcome}: {message}")
        self._shutdown()

    @inlineCallbacks
    def _shutdown(self) -> Generator[Deferred[Any], Any, None]:
        """Stop all operations and the reactor: upstream calls it on SIGTERM and SIGINT."""
        end()
        yield super()._shutdown()


def _connected(session: ocs_agent.OpSession) -> bool | None:
    """Whether an operation's instrument can be reached; `None` if neither its data nor a connection says so."""
    connection = session.data.get("connection") if isinstance(session.data, dict) else None
    reported: bool | None = connection.get("connected") if isinstance(connection, dict) else None
    if reported is False or contacts.complete is False:
        return False
    return reported or contacts.complete


def _sentence(failure: Failure) -> str:
    return f"{type(failure.value).__name__}: {' '.join(failure.getErrorMessage().split())}"
