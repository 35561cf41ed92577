"""Who may operate what: OCS's access policy, with one secret that opens every operation and a list of operations that need none.

Operations that only read (``get_...``) are open to everyone, and so are those that the site config opens (``open-operations``). Every
other operation requires the secret in the file ``LIVEMON_CONTROL_SECRET_FILE``, which OCS calls a password of level 3; without such a
file no one can call it. The file is read at each command, so that a new secret takes effect at once. What an agent starts and stops
itself needs no secret.
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
EVERYONE = ScopeSpec(default=True)


class InsideCall:
    """A rule of :mod:`ocs.access` for calls from inside the process: their password is `None`, the router's calls have a text."""

    cred_level = CredLevel.SUPERUSER
    scope_spec = EVERYONE
    lockout_levels = ()

    @property
    def hashed_pass(self) -> InsideCall:
        """What checks the password."""
        return self

    def check(self, password: object) -> bool:
        """Whether the call comes from inside."""
        return password is None


@dataclass(frozen=True)
class AccessPolicy:
    """Who may operate an agent.

    Parameters
    ----------
    secret_file
        Where the secret is; without one no one may call more than the open operations.
    open_operations
        Names of operations that need no secret; ``*`` stands for any characters.
    """

    secret_file: Path | None = None
    open_operations: tuple[str, ...] = ()

    @classmethod
    def from_environment(
        cls, open_operations: Iterable[str] = (), environ: Mapping[str, str] = os.environ
    ) -> AccessPolicy:
        """Read ``LIVEMON_CONTROL_SECRET_FILE``."""
        return cls(setting("LIVEMON_CONTROL_SECRET_FILE", Path, None, environ), tuple(open_operations))

    def level(self, operation: str) -> CredLevel:
        """Return the level that OCS requires of a caller who starts or stops `operation`."""
        is_open = any(fnmatchcase(operation, pattern) for pattern in (READING, *self.open_operations))
        return CredLevel.BASIC if is_open else CredLevel.FULL

    def rules(self) -> list[AccessRule | InsideCall]:
        """Return which passwords give which level now.

        Raises
        ------
        ValueError
            If the secret cannot be read.
        """
        everyone = AccessRule(HashedPass.create_free(), CredLevel.BASIC, EVERYONE)
        operator = (
            [AccessRule(HashedPass("none", secret(str(self.secret_file))), CredLevel.FULL, EVERYONE)]
            if self.secret_file
            else []
        )
        return [InsideCall(), everyone, *operator]
