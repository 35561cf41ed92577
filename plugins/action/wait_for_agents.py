"""The action `wait_for_agents`: asks the bridge and the Docker engine of a host until all agents publish.

What it does and takes is documented in plugins/modules/wait_for_agents.py, where Ansible expects it.
"""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils.host import publishing
from ..plugin_utils.host.publishing import Awaited, Seen
from ..plugin_utils.plain import entries

ARGUMENTS = {
    "agents": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "id": {"type": "str", "required": True},
            "title": {"type": "str", "required": True},
            "feeds": {"type": "list", "elements": "str", "default": []},
        },
    },
    "bridge": {"type": "str", "default": "http://127.0.0.1:5000"},
    "seconds": {"type": "int", "default": 120},
}
EVERY = 2.0
"""Seconds between two looks; the bridge itself looks as often."""
WORDS_EVERY = 15.0
"""Seconds after which the run says again for what it waits."""
LINES = 100
"""Of the end of a log, in which the last meaningful line is looked for."""


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """Wait until agents publish, or fail with what each of the others does instead."""

    _requires_connection = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the usual result of an action, with `seconds`: how long it took."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        if self._task.check_mode:
            return result | {"skipped": True, "msg": "in check mode nothing is started that could be waited for"}
        self._task_vars = task_vars or {}
        self._bridge: str = arguments["bridge"].rstrip("/")
        agents = [Awaited(each["id"], each["title"], tuple(each["feeds"])) for each in entries(arguments["agents"])]
        begun, limit = time.monotonic(), float(arguments["seconds"])
        seen, absent = self._wait(agents, limit)
        waited = time.monotonic() - begun
        if absent:
            lines = {agent.id: self._last_line(agent, seen) for agent in absent}
            raise AnsibleActionFail(publishing.message(absent, len(agents), seen, lines, waited))
        return result | {"seconds": round(waited, 1)}

    def _wait(self, agents: list[Awaited], limit: float) -> tuple[Seen, list[Awaited]]:
        """Return what was seen last, and the agents that did not publish within `limit` seconds."""
        begun = time.monotonic()
        seen, absent = Seen(None, {}), agents
        named: tuple[list[Awaited], float] = [], -WORDS_EVERY
        while True:
            seen = self._look(agents, seen)
            absent, waited = publishing.missing(agents, seen), time.monotonic() - begun
            if not absent or waited >= limit:
                return seen, absent
            if absent != named[0] or waited - named[1] >= WORDS_EVERY:
                named = absent, waited
                self._say(absent, waited, limit)
            time.sleep(EVERY)

    def _say(self, absent: list[Awaited], waited: float, limit: float) -> None:
        host, names = self._task_vars["inventory_hostname"], ", ".join(agent.id for agent in absent)
        Display().display(f"{host}: waiting for {names} ({waited:.0f} s of {limit:.0f} s)")

    def _look(self, agents: list[Awaited], before: Seen) -> Seen:
        about = self._module("uri", url=f"{self._bridge}/api/status", return_content=True, use_proxy=False, timeout=15)
        names = [agent.container for agent in agents]
        printed = self._module("command", argv=["docker", "inspect", "--format", publishing.INSPECTED, *names])
        # Of containers that do not exist it says only that.
        faults = [line for line in printed.get("stderr", "").splitlines() if "no such object" not in line.lower()]
        if faults or "rc" not in printed:
            raise AnsibleActionFail(f"docker inspect: {' '.join(faults) or printed.get('msg')}", result=printed)
        containers = publishing.containers_of(printed.get("stdout", ""))
        status = about.get("json") if about.get("status") == 200 else None
        return Seen(status, publishing.with_exits(containers, before.containers))

    def _last_line(self, agent: Awaited, seen: Seen) -> str:
        container = seen.containers.get(agent.container)
        if container is None or seen.status is None:
            return ""
        argv = ["docker", "logs", "--timestamps", "--tail", str(LINES), agent.container]
        printed = self._module("command", argv=argv)
        lines = [*printed.get("stdout", "").splitlines(), *printed.get("stderr", "").splitlines()]
        if publishing.has_exited(container, seen.status["time"]):
            return publishing.last_line(lines, container.finished + publishing.LATE)
        return publishing.last_line(lines)

    def _module(self, name: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(f"ansible.legacy.{name}", arguments, task_vars=self._task_vars)
        if answer.get("unreachable"):
            raise AnsibleActionFail(answer.get("msg", "the host cannot be reached"), result=answer)
        return answer
