"""Who may operate what: OCS's access policy, with one secret that opens every operation and a list of those that need none.

An operation that only reads (``get_...``) is open to everybody, and so is what the site config opens (``open-operations``). Every
other one wants the secret of the file ``LIVEMON_CONTROL_SECRET_FILE``, which OCS calls a password of level 3; without such a file
nobody has it. The file is read at each command, so that a secret that was replaced counts at once. What an agent starts and stops by
itself needs none.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ocs.access import AccessRule, CredLevel, HashedPass, ScopeSpec

from livemon.config import secret, setting

READING = "get_*"
EVERYBODY = ScopeSpec(default=True)


class InsideCall:
    """A rule of :mod:`ocs.access` for what does not come from the router: no password, where the router's calls have an empty one."""

    cred_level = CredLevel.SUPERUSER
    scope_spec = EVERYBODY
    lockout_levels = ()

    @property
    def hashed_pass(self) -> InsideCall:
        """What checks the password."""
        return self

    def check(self, password: object) -> bool:
        """Whether the call comes from inside."""
        return password is None


@dataclass(frozen=True)
class Control:
    """The right to operate an agent.

    Parameters
    ----------
    secret_file
        Where the secret is; nobody may control without one.
    open_operations
        Patterns of the names of operations that need no secret.
    """

    secret_file: Path | None = None
    open_operations: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, open_operations: Iterable[str] = (), environ: Mapping[str, str] = os.environ) -> Control:
        """Read ``LIVEMON_CONTROL_SECRET_FILE``."""
        return cls(setting("LIVEMON_CONTROL_SECRET_FILE", Path, None, environ), tuple(open_operations))

    def level(self, operation: str) -> CredLevel:
        """Return what OCS is to ask for before it lets a caller start or stop `operation`."""
        is_open = any(fnmatchcase(operation, pattern) for pattern in (READING, *self.open_operations))
        return CredLevel.BASIC if is_open else CredLevel.FULL

    def rules(self) -> list[AccessRule | InsideCall]:
        """Which passwords give which level, now.

        Raises
        ------
        ValueError
            If the secret cannot be read.
        """
        everybody = AccessRule(HashedPass.create_free(), CredLevel.BASIC, EVERYBODY)
        operator = (
            [AccessRule(HashedPass("none", secret(str(self.secret_file))), CredLevel.FULL, EVERYBODY)]
            if self.secret_file
            else []
        )
        return [InsideCall(), everybody, *operator]
