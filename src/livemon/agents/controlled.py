"""An OCS agent that only authorised callers may operate, and that records who did.

Who is authorised is in :mod:`livemon.agents.access_policy`, the record in :mod:`livemon.agents.audit_trail`. If the site config or an
argument names an access policy of OCS's own (``director:...``), that policy stays as it is.
"""

from __future__ import annotations

from typing import Any

import ocs
from autobahn.wamp.types import CallDetails, RegisterOptions
from ocs import access
from twisted.internet.defer import Deferred

from livemon.agents import site_config
from livemon.agents.access_policy import AccessPolicy
from livemon.agents.audit_trail import AuditTrail
from livemon.agents.supervision import Answer, SupervisedAgent

COMMANDS = ("start", "stop", "abort")


class ControlledAgent(SupervisedAgent):
    """A supervised agent with an access policy and an audit trail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_config: Any
        self._trail = AuditTrail.from_environment(self.instance_id, lambda line: self.log.info("{line}", line=line))
        self._awaited: set[int] = set()
        self._policy: AccessPolicy | None = None
        if self.access_config.policy == "none":
            self._policy = AccessPolicy.from_environment(site_config.find_instance(self.instance_id).open_operations)
            about = access.AgentSpec(self.instance_id, self.class_name, superuser_key=self)
            self.access_config = access.AgentAccessRules(policy="livemon", agent=about)
            self.access_data["policy"] = "livemon"
            self._refresh()
            if self._policy.secret_file is None:
                self.log.warn("no one may control this agent: LIVEMON_CONTROL_SECRET_FILE is not set")

    def _refresh(self) -> None:
        if self._policy is None:
            return
        try:
            self.access_config.rules = self._policy.rules()
        except ValueError as error:
            fault = f"no one may control this agent: {self._policy.secret_file}: {error}"
            self.log.error("{fault}", fault=fault)  # noqa: TRY400 - a traceback would add nothing
            self.access_config.rules = AccessPolicy().rules()

    def register_task(self, name: str, func: Any, *args: Any, min_privs: int = 0, **kwargs: Any) -> None:
        """Register a task with the level that it requires of its callers."""
        super().register_task(name, func, *args, min_privs=self._level(name, min_privs), **kwargs)

    def register_process(
        self, name: str, start_func: Any, stop_func: Any, *args: Any, min_privs: int = 0, **kwargs: Any
    ) -> None:
        """Register a process with the level that it requires of its callers."""
        level = self._level(name, min_privs)
        super().register_process(name, start_func, stop_func, *args, min_privs=level, **kwargs)

    def _level(self, name: str, own: int) -> int:
        return own if self._policy is None else max(own, self._policy.level(name))

    def register(
        self, endpoint: Any, procedure: str | None = None, options: Any = None, **kwargs: Any
    ) -> Deferred[Any]:
        """Ask the router to disclose who calls an operation."""
        if procedure == f"{self.agent_address}.ops":
            options = RegisterOptions(force_reregister=True, details=True)
        return super().register(endpoint, procedure, options, **kwargs)

    def _ops_handler(  # noqa: PLR0917 - the arguments are upstream's
        self,
        action: str,
        op_name: str,
        params: Any = None,
        timeout: float | None = None,
        password: str | None = None,
        details: CallDetails | None = None,
    ) -> Answer:
        """Answer a call from the router: refuse it or hand it on; record it in both cases if it is a command."""
        if action not in COMMANDS:
            return super()._ops_handler(action, op_name, params, timeout, password)
        self._refresh()
        password = password if isinstance(password, str) else ""
        rights = self.access_config
        level, hint = access.agent_get_creds(password, rights, rights.agent, access.ActionContext(op_name, action))
        operation = self.tasks.get(op_name) or self.processes.get(op_name)
        if operation and level < operation.min_privs:
            # Upstream checks this too, but only after it has dropped the session of the operation's last run.
            answer: Answer = (ocs.ERROR, access.agent_rejection_message(level, operation.min_privs, hint), {})
        else:
            answer = super()._ops_handler(action, op_name, params, timeout, password)
        status, message, session = answer
        self._trail.note(
            action,
            op_name,
            "accepted" if status == ocs.OK else "refused",
            parameters=params,
            message=None if status == ocs.OK else message,
            run=session.get("session_id") if status == ocs.OK else None,
            level=int(level),
            by=_caller(details),
        )
        if status == ocs.OK:
            self._note_end(self.sessions[op_name])
        return answer

    def _note_end(self, session: Any) -> None:
        """Record, once, how an operation that was started or stopped has ended."""
        if session.session_id in self._awaited:
            return
        self._awaited.add(session.session_id)

        def ended(result: Any) -> Any:
            self._awaited.discard(session.session_id)
            message = str(session.messages[-1][-1]) if session.messages else ""
            self._trail.note(
                "end",
                session.op_name,
                "succeeded" if session.success else "failed",
                run=session.session_id,
                message=message,
            )
            return result

        session.d.addBoth(ended)


def _caller(details: CallDetails | None) -> dict[str, Any]:
    """Return what the router discloses about a caller. All who call by HTTP have the session of the router's own caller."""
    if details is None:
        return {}
    known = {"session": details.caller, "authid": details.caller_authid, "role": details.caller_authrole}
    return {name: value for name, value in known.items() if value is not None}
