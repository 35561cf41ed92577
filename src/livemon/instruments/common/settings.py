"""Settings that an instrument stores and returns, each a command and its query, without effect on what it measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from livemon.instruments.common.parameters import Cast, kept, or_zero


@dataclass(frozen=True)
class Field:
    """One parameter of a setting: how it is read, its factory default, and how it is formatted."""

    cast: Cast[Any]
    default: Any
    form: Callable[[Any], str] = str


class Stores(Protocol):
    """An object that keeps the settings."""

    stored: dict[Any, list[Any]]


class Setting:
    """``NAME what,value,...`` stores, ``NAME? what`` returns; a value that is blank or left out stays as it was.

    Parameters
    ----------
    mnemonic
        The command; the query is the same with a ``?``.
    fields
        The values, in their order.
    of
        Casts of what the setting belongs to, such as a channel.
    zero_is
        The channels that 0 stands for in the command; empty if 0 is not allowed.
    """

    def __init__(
        self, mnemonic: str, *fields: Field, of: tuple[Cast[Any], ...] = (), zero_is: Iterable[Any] = ()
    ) -> None:
        self.mnemonic = mnemonic
        self.fields = fields
        self.of = of
        self._zero_is = tuple(zero_is)
        self.casts = (
            *((or_zero(of[0]), *of[1:]) if self._zero_is else of),
            *(kept(field.cast) for field in fields),
        )

    def values(self, instrument: Stores, *of: Any) -> list[Any]:
        """Return the values in force."""
        return instrument.stored.get((self.mnemonic, *of)) or [field.default for field in self.fields]

    def store(self, instrument: Stores, *parameters: Any) -> None:
        """Take new values; where one is `None`, the old one stays."""
        of, given = parameters[: len(self.of)], parameters[len(self.of) :]
        for each in [(n,) for n in self._zero_is] if of == (0,) and self._zero_is else [of]:
            values = self.values(instrument, *each)
            new = [old if value is None else value for old, value in zip(values, given, strict=False)]
            instrument.stored[self.mnemonic, *each] = new + values[len(new) :]

    def answer(self, instrument: Stores, *of: Any) -> str:
        """Return the values, separated by commas."""
        values = zip(self.fields, self.values(instrument, *of), strict=True)
        return ",".join(field.form(value) for field, value in values)
