"""The registry of data nodes: which session holds which name, and checks of names, descriptions and tokens. No input or output."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from livemon.errors import RequestError, shown

MAX_NAMES = 10_000
"""Of one session."""
MAX_LISTING_BYTES = 900_000
"""Of all names and descriptions: their list must fit into a message, which upstream's sessions limit to 1 MiB."""
ENTRY_OVERHEAD = 30
"""Maximum bytes of a list entry beside its name and description, in any serialization."""
MAX_NAME_LENGTH = 128
MAX_DESCRIPTION_LENGTH = 1000
TOKEN_LENGTHS = range(16, 257)

_URI_COMPONENT = re.compile(r"[^\s.#]+\Z")
"""One part of a WAMP URI, which a name is in ``consumer.<name>.get_data``."""
_ENCODABLE = re.compile(r"[^\ud800-\udfff]*\Z")
"""Without lone surrogates, which UTF-8 cannot encode."""


def checked_name(name: Any) -> str:
    """Return the name of a data node.

    Raises
    ------
    RequestError
        If it cannot be one.
    """
    if not isinstance(name, str) or not name:
        raise RequestError(
            f"name: {shown(name)} is not a valid name for a data node; write a string, for example LSA22YG"
        )
    if len(name) > MAX_NAME_LENGTH:
        raise RequestError(f"name: {shown(name, 40)}... is too long; write at most {MAX_NAME_LENGTH} characters")
    if not _URI_COMPONENT.match(name) or not name.isprintable():
        raise RequestError(
            f"name: {shown(name)} cannot be part of a WAMP URI; write it without spaces, dots and #, for example LSA22YG"
        )
    return name


def checked_description(description: Any) -> str:
    """Return a description; `None`, which upstream's nodes may send, is an empty one.

    Raises
    ------
    RequestError
        If it is not a string, or too long.
    """
    if description is None:
        return ""
    if not isinstance(description, str) or not _ENCODABLE.match(description):
        raise RequestError(f"description: {shown(description)} is not a valid string; write a few words")
    if len(description) > MAX_DESCRIPTION_LENGTH:
        raise RequestError(f"description: too long; write at most {MAX_DESCRIPTION_LENGTH} characters")
    return description


def checked_token(token: Any) -> bytes:
    """Return the bytes of a token.

    Raises
    ------
    RequestError
        If it is not a valid one; the sentence does not repeat it.
    """
    if not isinstance(token, str) or not token.isascii() or len(token) not in TOKEN_LENGTHS:
        raise RequestError("token: write 16 to 256 random ASCII characters, the same for the life of the process")
    return token.encode()


@dataclass
class Holding:
    """A name that a session holds: only claimed while the description is `None`, otherwise that of a data node."""

    name: str
    session: int
    authid: str | None
    since: float
    token: bytes | None = field(default=None, repr=False)
    description: str | None = None

    @property
    def size(self) -> int:
        """Maximum bytes that it takes in the list of data nodes."""
        return len(self.name.encode()) + len((self.description or "").encode()) + ENTRY_OVERHEAD

    def as_entry(self) -> dict[str, str | None]:
        """Return the entry of a data node in upstream's list and messages."""
        return {"name": self.name, "description": self.description}

    def as_answer(self) -> dict[str, Any]:
        """Return what ``data_node.holder`` answers; never the token."""
        return {**self.as_entry(), "session": self.session, "authid": self.authid, "since": self.since}


class Registry:
    """Which session holds which name. Times are UNIX seconds (UTC)."""

    def __init__(self) -> None:
        self._holdings: dict[str, Holding] = {}
        self._names: dict[int, set[str]] = {}
        self._size = 0

    def claim(self, name: str, token: bytes, session: int, authid: str | None = None, now: float = 0.0) -> bool:
        """Reserve a name for a session. A data node that an older session with the same token holds moves to this session.

        Returns
        -------
        bool
            `False` if another session holds the name.

        Raises
        ------
        RequestError
            If the session holds too many names.
        """
        held = self._holdings.get(name)
        if held is None:
            held = self._take(name, session, authid, now)
        elif held.session != session:
            if held.token is None or not hmac.compare_digest(held.token, token):
                return False
            self._own(session, name)
            self._disown(held.session, name)
            held.session, held.authid, held.since = session, authid, now
        held.token = token
        return True

    def add(
        self, name: str, description: str, session: int, authid: str | None = None, now: float = 0.0
    ) -> tuple[bool, bool]:
        """Add a data node, or change the description of one that the session holds.

        Returns
        -------
        accepted
            `False` if another session holds the name.
        changed
            Whether consumers must be informed.

        Raises
        ------
        RequestError
            If the session, or the registry, holds too many names.
        """
        held = self._holdings.get(name)
        if held is not None and held.session != session:
            return False, False
        held = held or self._take(name, session, authid, now)
        held.authid = authid
        if held.description == description:
            return True, False
        self._describe(held, description)
        return True, True

    def subtract(self, name: str, session: int) -> Holding | None:
        """Release a name; return what was held, or `None` if `session` does not hold the name."""
        held = self._holdings.get(name)
        if held is None or held.session != session:
            return None
        self._drop(held)
        return held

    def leave(self, session: int) -> list[Holding]:
        """Release all names of a session that has ended; return the data nodes among them."""
        gone = [self._holdings[name] for name in sorted(self._names.get(session, ()))]
        for held in gone:
            self._drop(held)
        return [held for held in gone if held.description is not None]

    def holder(self, name: str) -> Holding | None:
        """Return who holds a name; `None` if it is free."""
        return self._holdings.get(name)

    def __getitem__(self, name: str) -> Holding:
        return self._holdings[name]

    def __iter__(self) -> Iterator[Holding]:
        """Iterate over the data nodes in the order in which their names were taken."""
        return iter([held for held in self._holdings.values() if held.description is not None])

    def _take(self, name: str, session: int, authid: str | None, now: float) -> Holding:
        self._own(session, name)
        held = self._holdings[name] = Holding(name, session, authid, now)
        self._size += held.size
        return held

    def _describe(self, held: Holding, description: str) -> None:
        more = len(description.encode()) - len((held.description or "").encode())
        if self._size + more > MAX_LISTING_BYTES:
            if held.description is None and held.token is None:
                self._drop(held)
            raise RequestError("the list of data nodes is full; use fewer nodes, or shorter names and descriptions")
        held.description = description
        self._size += more

    def _drop(self, held: Holding) -> None:
        del self._holdings[held.name]
        self._size -= held.size
        self._disown(held.session, held.name)

    def _own(self, session: int, name: str) -> None:
        names = self._names.setdefault(session, set())
        if len(names) >= MAX_NAMES:
            raise RequestError(
                f"this session already has {MAX_NAMES} data nodes; subtract some, or open another session"
            )
        names.add(name)

    def _disown(self, session: int, name: str) -> None:
        names = self._names[session]
        names.discard(name)
        if not names:
            del self._names[session]
