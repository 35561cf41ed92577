"""OCS agents as an operator sees them, over crossbar's HTTP caller (``SITE_HTTP``).

Looking needs no secret. Starting and stopping needs that of ``LIVEMON_CONTROL_SECRET_FILE``, unless the site opens the operation to
all users.

The protocol is upstream's (ocs 0.12.1, ``ocs/client_http.py`` and ``ocs/ocs_agent.py``); upstream's own client waits for an
agent that hangs as long as the router does, this one never longer than it is told.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
import yaml

from livemon.client import appliance_http
from livemon.config import secret, setting
from livemon.contract import ADDRESS_ROOT, REGISTRY
from livemon.errors import RequestError, RouterError

SECONDS_TO_ANSWER = 5.0
SHORTEST = 0.5
"""Seconds that an answer may take at least, however late the question was."""
SECONDS_TO_START = 10.0
SECONDS_TO_STOP = 40.0
"""A 372 notices that it is to stop only after the channel that it reads: up to the scanner's longest dwell."""
PAUSE = 0.25
SECONDS_TO_FAIL = 0.5
"""A process that cannot do its work, for a lock or a device that another has, runs for a moment before it says so."""
MOST_AT_ONCE = 200
"""Agents that are asked side by side."""
OK = 0


@dataclass(frozen=True)
class Operation:
    """A task or process of an agent and how its last run went; times in UNIX seconds, `None` for what has not been."""

    name: str
    kind: str
    status: str | None = None
    success: bool | None = None
    start_time: float | None = None
    end_time: float | None = None
    message: str = ""
    degraded: bool = False
    """It runs without doing its work, as its agent says."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What its agent tells of it; agents agree on no form."""

    @classmethod
    def from_session(cls, name: str, kind: str, session: Mapping[str, Any] | None) -> Operation:
        """From the ``session`` dictionary of an answer, which is empty when the operation never ran."""
        session = {} if not session or session.get("status") == "no_history" else session
        messages = session.get("messages") or []
        return cls(
            name,
            kind,
            session.get("status"),
            session.get("success"),
            session.get("start_time"),
            session.get("end_time"),
            str(messages[-1][-1]) if messages else "",
            bool(session.get("degraded")) and session.get("status") == "running",
            data if isinstance(data := session.get("data"), dict) else {},
        )

    @property
    def runs(self) -> bool:
        """Whether it is under way."""
        return self.status in {"starting", "running", "stopping"}

    @property
    def failed(self) -> bool:
        """Whether its last run ended with an error."""
        return self.status == "done" and self.success is False


@dataclass(frozen=True)
class Agent:
    """An agent of the site; `fault` says in one sentence why it does not answer."""

    instance_id: str
    agent_class: str
    operations: list[Operation] = field(default_factory=list)
    fault: str | None = None
    refused: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many values each of its feeds could not publish, by the kind of the reason (:mod:`livemon.agents.feeds`)."""
    instruments: Mapping[str, str] | None = None
    """What each instrument that it is connected to replied to ``*IDN?``, by address; `None` if it does not say."""


class Agents:
    """The agents behind one router.

    Parameters
    ----------
    url
        Crossbar's HTTP caller.
    address_root
        First part of every agent's address.
    configured
        Agents that should run, ``{instance-id: class}``.
    environ
        Where the name of the control secret's file is.
    """

    def __init__(
        self,
        url: str,
        address_root: str = ADDRESS_ROOT,
        configured: Mapping[str, str] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.url = url
        self.address_root = address_root
        self.configured = dict(configured or {})
        self._environ = environ

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Agents:
        """Read ``SITE_HTTP`` and, where there is one, the site config in ``OCS_CONFIG_DIR``.

        A site config that cannot be read is left out: what runs can be asked without it.
        """
        url = setting("SITE_HTTP", default="http://127.0.0.1:8001/call", environ=environ)
        try:
            content = yaml.safe_load((Path(environ["OCS_CONFIG_DIR"]) / "default.yaml").read_text())
            configured = {
                entry["instance-id"]: entry["agent-class"]
                for host in content["hosts"].values()
                for entry in host.get("agent-instances", [])
            }
            root = content.get("hub", {}).get("address_root", ADDRESS_ROOT)
        except (KeyError, TypeError, AttributeError, OSError, yaml.YAMLError):
            return cls(url, environ=environ)
        return cls(url, root, configured, environ)

    def call(self, address: str, *arguments: Any, until: float | None = None, **keywords: Any) -> Any:
        """Call the procedure `address` below the root and return its answer, within `SECONDS_TO_ANSWER`.

        With `until`, a time of ``time.monotonic``, not much longer than until then.

        Raises
        ------
        RouterError
            If the router or the agent does not answer in time, or no session has registered the procedure.
        """
        try:
            content = self._post(address, arguments, keywords, until)
        except requests.Timeout as error:
            raise RouterError(f"{address} does not answer within {SECONDS_TO_ANSWER:g} s") from error
        if "error" in content:
            if content["error"] == "wamp.error.no_such_procedure":
                instance_id = address.partition(".")[0]
                raise RouterError(f"{instance_id} is not running: see docker logs ocs_{instance_id}")
            raise RouterError(f"{address}: {content['error']} {' '.join(map(str, content.get('args') or []))}".rstrip())
        return content["args"][0]

    def _post(
        self,
        address: str,
        arguments: Sequence[Any] = (),
        keywords: Mapping[str, Any] | None = None,
        until: float | None = None,
    ) -> dict[str, Any]:
        """Return the router's answer, be it the procedure's or an error; a RouterError if no router is there."""
        body = {"procedure": f"{self.address_root}.{address}", "args": arguments, "kwargs": keywords or {}}
        seconds = SECONDS_TO_ANSWER if until is None else max(until - time.monotonic(), SHORTEST)
        try:
            with appliance_http.session() as session:
                answer = session.post(self.url, json=body, timeout=seconds)
        except requests.Timeout:
            raise
        except requests.RequestException as error:
            raise RouterError(
                f"no router at {self.url}: is sisock_crossbar running (docker ps)? Another address goes into SITE_HTTP"
            ) from error
        try:
            content = answer.json()
        except ValueError:
            content = None
        if answer.status_code != HTTPStatus.OK or not isinstance(content, dict) or "args" not in content:
            raise RouterError(
                f"{self.url} is not the HTTP caller of a router (HTTP status {answer.status_code}): "
                "write http://HOST:8001/call into SITE_HTTP"
            )
        return content

    def instance_ids(self) -> list[str]:
        """All agents that should run or that the registry has heard of, sorted.

        Raises
        ------
        RouterError
            If the router does not answer; without the registry the site config must do.
        """
        return sorted(self.configured | self._registered())

    def agents(self) -> list[Agent]:
        """Ask the router, the registry and every agent side by side how they are, within `SECONDS_TO_ANSWER` in all.

        An agent that does not answer says so by its `fault`, and keeps no other one waiting.

        Raises
        ------
        RouterError
            If the router or none of the agents answers, or the list of agents cannot be had.
        """
        until = time.monotonic() + SECONDS_TO_ANSWER
        with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as pool:
            router, registry = pool.submit(self._check_router), pool.submit(self._heard)
            asked = {each: pool.submit(self._ask, each, name, until) for each, name in self.configured.items()}
            with contextlib.suppress(RouterError):
                for each, name in registry.result().items():
                    if each not in asked:
                        asked[each] = pool.submit(self._ask, each, name, until)
            found = [asked[each].result() for each in sorted(asked)]
        if all(each.fault for each in found):
            router.result()
        if not found:
            raise RouterError(
                f"the router at {self.url} has no registry of agents: start the agent {REGISTRY}, "
                "or name the directory of the site config in OCS_CONFIG_DIR"
            )
        return found

    def process(self, instance_id: str, name: str) -> Operation:
        """How a process of an agent is. Raises a RequestError that lists what there is if agent or process is unknown."""
        self._check(instance_id)
        about = self.call(instance_id, "get_api")
        processes = {each.name: each for each in _operations(about) if each.kind == "process"}
        if name not in processes:
            raise RequestError(f"{instance_id} has no process {name!r}: it has {', '.join(processes) or 'none'}")
        return processes[name]

    def start(self, instance_id: str, name: str) -> bool:
        """Start a process and wait until it runs; `False` if it ran already.

        Raises
        ------
        RequestError
            If the agent refuses, or the process ends at once, or does not run after `SECONDS_TO_START`.
        """
        if self.process(instance_id, name).status in {"starting", "running"}:
            return False
        self._request(instance_id, "start", name)
        now = self._wait(instance_id, name, lambda each: each.status != "starting", SECONDS_TO_START)
        if now.status == "running":
            time.sleep(SECONDS_TO_FAIL)
            now = self._request(instance_id, "status", name)
        if now.status == "starting":
            raise RequestError(
                f"{name} of {instance_id} was told to start, and does not run after {SECONDS_TO_START:g} s"
            )
        if now.failed:
            raise RequestError(f"{name} of {instance_id} ended with an error: {now.message}")
        return True

    def stop(self, instance_id: str, name: str) -> bool:
        """Stop a process and wait until it has ended; `False` if it was not running.

        Raises
        ------
        RequestError
            If the agent refuses, or is not done after `SECONDS_TO_STOP`.
        """
        if not self.process(instance_id, name).runs:
            return False
        self._request(instance_id, "stop", name)
        if self._wait(instance_id, name, lambda each: not each.runs, SECONDS_TO_STOP).runs:
            raise RequestError(f"{name} of {instance_id} was told to stop, and still runs after {SECONDS_TO_STOP:g} s")
        return True

    def _wait(self, instance_id: str, name: str, done: Callable[[Operation], bool], seconds: float) -> Operation:
        deadline = time.monotonic() + seconds
        while not done(now := self._request(instance_id, "status", name)) and time.monotonic() < deadline:
            time.sleep(PAUSE)
        return now

    def _request(self, instance_id: str, action: str, name: str) -> Operation:
        password = setting("LIVEMON_CONTROL_SECRET_FILE", secret, "", self._environ) if action != "status" else ""
        right: dict[str, Any] = {"password": password} if password else {}
        status, message, session = self.call(f"{instance_id}.ops", action, name, {}, **right)
        if status != OK and "credential level" in message and not right:
            message = (
                "it takes the control secret, write sudo livemon ... on the monitor, "
                "or name its file in LIVEMON_CONTROL_SECRET_FILE"
            )
        if status != OK:
            raise RequestError(f"{instance_id} refuses to {action} {name}: {message}")
        return Operation.from_session(name, "process", session)

    def _check(self, instance_id: str) -> None:
        known = self.instance_ids()
        # Without registry and site config nothing is known, and the call itself tells.
        if known and instance_id not in known:
            near = difflib.get_close_matches(instance_id, known, n=1)
            hint = f"; did you mean {near[0]}? " if near else ". "
            raise RequestError(f"there is no agent {instance_id!r}{hint}The agents are {', '.join(known)}")

    def _registered(self) -> dict[str, str]:
        """``{instance-id: class}`` of what the registry has heard and of itself; empty without a registry.

        The registry never forgets: with a site config, an agent that fell silent and is not in it was taken out of the site.
        """
        try:
            return self._heard()
        except RouterError:
            self._check_router()
            return {}

    def _heard(self) -> dict[str, str]:
        """Return likewise; a RouterError if the registry does not answer."""
        _status, _message, session = self.call(f"{REGISTRY}.ops", "status", "main", {})
        prefix = f"{self.address_root}."
        heard = (session or {}).get("data") or {}
        return {REGISTRY: "RegistryAgent"} | {
            address.removeprefix(prefix): about.get("agent_class") or ""
            for address, about in heard.items()
            if address.startswith(prefix) and not (self.configured and about.get("expired"))
        }

    def _check_router(self) -> None:
        """Raise a RouterError unless the router itself answers, as it does at once that it has no such procedure."""
        try:
            self._post(f"{REGISTRY}.nothing")
        except requests.Timeout as error:
            raise RouterError(f"the router at {self.url} does not answer within {SECONDS_TO_ANSWER:g} s") from error

    def _ask(self, instance_id: str, agent_class: str, until: float) -> Agent:
        try:
            about = self.call(instance_id, "get_api", until=until)
        except RouterError as error:
            return Agent(instance_id, agent_class, fault=str(error))
        agent_class = about.get("agent_class") or agent_class
        return Agent(
            instance_id, agent_class, list(_operations(about)), refused=_refused(about), instruments=_instruments(about)
        )


def _refused(about: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return what an agent says that it could not publish; nothing of one that is not ours and says something else by that name."""
    told = about.get("refused")
    feeds = told.items() if isinstance(told, dict) else ()
    counts = {feed: each for feed, each in feeds if isinstance(each, dict)}
    return {feed: each for feed, each in counts.items() if all(isinstance(count, int) for count in each.values())}


def _instruments(about: Mapping[str, Any]) -> dict[str, str] | None:
    told = about.get("instruments")
    return {str(address): str(identity) for address, identity in told.items()} if isinstance(told, dict) else None


def _operations(about: Mapping[str, Any]) -> Iterable[Operation]:
    for kind, plural in (("process", "processes"), ("task", "tasks")):
        for name, session, _description in about.get(plural, []):
            yield Operation.from_session(name, kind, session)
