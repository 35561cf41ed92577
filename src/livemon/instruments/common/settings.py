"""Settings that an instrument stores and tells, each a command and its query, without effect on what it measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from livemon.instruments.common.parameters import Cast, kept, or_zero


@dataclass(frozen=True)
class Field:
    """One parameter of a setting: how it is read, its value from the factory, and how it is told."""

    cast: Cast[Any]
    default: Any
    form: Callable[[Any], str] = str


class Stores(Protocol):
    """What keeps the settings."""

    stored: dict[Any, list[Any]]


class Setting:
    """``NAME what,value,...`` stores, ``NAME? what`` tells; a value that is left blank or out stays as it was.

    Parameters
    ----------
    mnemonic
        The command; its query has a ``?`` behind it.
    fields
        The values, in their order.
    of
        Casts of what the setting belongs to, such as a channel.
    zero_is
        The channels that a 0 in place of a channel stands for, in the command; none if 0 stands for nothing.
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
        """Take new values; of those that are None, the old ones stay."""
        of, given = parameters[: len(self.of)], parameters[len(self.of) :]
        for each in [(n,) for n in self._zero_is] if of == (0,) and self._zero_is else [of]:
            values = self.values(instrument, *each)
            new = [old if value is None else value for old, value in zip(values, given, strict=False)]
            instrument.stored[self.mnemonic, *each] = new + values[len(new) :]

    def tell(self, instrument: Stores, *of: Any) -> str:
        """Answer the values, separated by commas."""
        values = zip(self.fields, self.values(instrument, *of), strict=True)
        return ",".join(field.form(value) for field, value in values)
