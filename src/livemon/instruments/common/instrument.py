"""What every simulated instrument has: a table of commands, and the registers of IEEE 488.2."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from livemon.instruments.common.faults import Faults
from livemon.instruments.common.messages import (
    LONGEST_MESSAGE,
    TERMINATOR,
    LineFramer,
    Request,
    parse,
    split_run_together,
)
from livemon.instruments.common.parameters import Cast, integer
from livemon.instruments.common.settings import Setting

Method = TypeVar("Method", bound=Callable[..., Any])

# Room for a curve of 200 points, which the socs driver of the Model 240 sends over TCP without a pause or terminator.
LONGEST_RUN_TOGETHER = 16384


@dataclass(frozen=True)
class Command:
    """One row of the table: the method, called with the instrument first, and how to read its parameters."""

    method: Callable[..., str | None]
    casts: tuple[Cast[Any], ...]
    optional: int

    def read(self, parameters: tuple[str, ...]) -> list[Any]:
        """Cast the parameters; raise `ValueError` if one is malformed or their number is wrong.

        Blanks may replace commas, as in the socs driver's ``RANGE 0 5``, which the instruments accept.
        """
        if len(parameters) < len(self.casts) - self.optional:
            parameters = tuple(word for parameter in parameters for word in parameter.split())
        if not len(self.casts) - self.optional <= len(parameters) <= len(self.casts):
            raise ValueError(f"{len(parameters)} parameters instead of {len(self.casts)}")
        return [cast(text) for cast, text in zip(self.casts, parameters, strict=False)]


def command(mnemonic: str, *casts: Cast[Any], optional: int = 0) -> Callable[[Method], Method]:
    """Enter a method of an :class:`Instrument` into its table of commands.

    Parameters
    ----------
    mnemonic
        In capitals; a query's ends in ``?``, and its method returns the answer.
    casts
        One for each parameter, see :mod:`livemon.instruments.common.parameters`.
    optional
        How many parameters at the end may be left out; the method has defaults for them.
    """

    def enter(method: Method) -> Method:
        vars(method)["command"] = (mnemonic, casts, optional)
        return method

    return enter


class Instrument:
    """A simulated instrument: answers messages as they come; the caller passes the time.

    Nothing that a peer sends raises an exception: an unknown mnemonic or a malformed parameter sets a bit in the standard event
    status register and gets no answer, as from the real instruments.

    Parameters
    ----------
    serial
        Serial number, as ``*IDN?`` answers it.

    Attributes
    ----------
    MODEL
        The model, as ``*IDN?`` answers it.
    INPUTS
        Its inputs, as its commands number or name them.
    NAMED
        Whether its inputs have names, which a user can set.
    UNTERMINATED
        Whether its clients over TCP may leave out terminators, see :class:`Conversation`.
    """

    MANUFACTURER = "LSCI"
    FIRMWARE = "1.3"
    MODEL: ClassVar[str]
    INPUTS: ClassVar[tuple[int | str, ...]]
    NAMED: ClassVar[bool] = True
    UNTERMINATED: ClassVar[bool] = False
    SETTINGS: ClassVar[tuple[Setting, ...]] = ()
    table: ClassVar[dict[str, Command]]

    OPERATION_COMPLETE, EXECUTION_ERROR, COMMAND_ERROR, POWER_ON = 1, 16, 32, 128

    def __init_subclass__(cls) -> None:
        marked = ((name, getattr(getattr(cls, name), "command", None)) for name in dir(cls))
        cls.table = {
            mark[0]: Command(getattr(cls, name), casts=mark[1], optional=mark[2])
            for name, mark in marked
            if mark is not None
        }
        for setting in cls.SETTINGS:
            optional = len(setting.fields) - 1
            cls.table[setting.mnemonic] = Command(setting.store, setting.casts, optional)
            cls.table[f"{setting.mnemonic}?"] = Command(setting.answer, setting.of, 0)

    def __init__(self, serial: str) -> None:
        self.serial = serial
        self.elapsed = 0.0
        self.faults = Faults()
        self.stored: dict[Hashable, list[Any]] = {}
        self._event_status = self.POWER_ON
        self._event_enable = 0
        self._service_enable = 0

    def advance(self, elapsed: float) -> None:
        """Advance to `elapsed` seconds after switch-on; an earlier time than the present one changes nothing."""
        self.elapsed = max(self.elapsed, elapsed)

    def power_on(self) -> None:
        """Forget what a real instrument forgets without power; it keeps its settings."""
        self._event_status = self.POWER_ON
        self._event_enable = self._service_enable = 0

    def handle(self, message: str, elapsed: float) -> str | None:
        """Carry out one message at the time `elapsed`.

        Return its answers joined by ``;``, or `None` if there are none; an empty answer, as for an input without a name,
        counts as one.
        """
        self.advance(elapsed)
        answers = [answer for request in parse(message) if (answer := self._carry_out(request)) is not None]
        return ";".join(answers) if answers else None

    def _carry_out(self, request: Request | None) -> str | None:
        if request is None or (row := self.table.get(request.mnemonic)) is None:
            self._event_status |= self.COMMAND_ERROR
            return None
        try:
            return row.method(self, *row.read(request.parameters))
        except ValueError:
            self._event_status |= self.EXECUTION_ERROR
            return None

    @command("*IDN?")
    def identification(self) -> str:
        """Manufacturer, model, serial number, firmware."""
        return f"{self.MANUFACTURER},{self.MODEL},{self.serial},{self.FIRMWARE}"

    @command("*CLS")
    def clear_status(self) -> None:
        """Clear the event register."""
        self._event_status = 0

    @command("*ESR?")
    def event_status(self) -> str:
        """Return the standard event status register, and clear it."""
        answer, self._event_status = self._event_status, 0
        return f"{answer:03d}"

    @command("*ESE", integer(0, 255))
    def set_event_enable(self, bits: int) -> None:
        """Set which events show in the status byte."""
        self._event_enable = bits

    @command("*ESE?")
    def event_enable(self) -> str:
        """Return which events show in the status byte."""
        return f"{self._event_enable:03d}"

    @command("*SRE", integer(0, 255))
    def set_service_enable(self, bits: int) -> None:
        """Set which bits of the status byte request service."""
        self._service_enable = bits

    @command("*SRE?")
    def service_enable(self) -> str:
        """Return which bits of the status byte request service."""
        return f"{self._service_enable:03d}"

    @command("*STB?")
    def status_byte(self) -> str:
        """Return the status byte: bit 5 is the summary of the enabled events, bit 6 requests service."""
        summary = 32 if self._event_status & self._event_enable else 0
        return f"{summary | (64 if summary & self._service_enable else 0):03d}"

    @command("*OPC")
    def note_completion(self) -> None:
        """Set the bit for a completed operation, at once: no operation takes time here."""
        self._event_status |= self.OPERATION_COMPLETE

    @command("*OPC?")
    def completion(self) -> str:
        """Return 1 when all operations are complete."""
        return "1"

    @command("*TST?")
    def self_test(self) -> str:
        """0: no errors."""
        return "0"

    @command("*WAI")
    def wait(self) -> None:
        """Do nothing: no operation takes time here."""

    @command("*RST")
    def reset(self) -> None:
        """Go back to the settings at switch-on."""


class Conversation:
    """One peer's conversation with an instrument: bytes in, bytes out.

    Parameters
    ----------
    instrument
        Shared by all conversations with it.
    unterminated
        Whether a peer that has never sent a terminator ends its messages by falling silent, as the socs driver of the
        Model 240 does over TCP.
    """

    def __init__(self, instrument: Instrument, *, unterminated: bool = False) -> None:
        self._instrument = instrument
        self._unterminated = unterminated
        self._framer = LineFramer(LONGEST_RUN_TOGETHER if unterminated else LONGEST_MESSAGE)

    @property
    def ends_by_silence(self) -> bool:
        """Whether :meth:`silence` has to be called if nothing more comes."""
        return self._unterminated and self._framer.unfinished and not self._framer.saw_terminator

    def receive(self, data: bytes, elapsed: float) -> bytes:
        """Return the answers to the messages that the received bytes complete; empty if there are none."""
        return self._answer(self._framer.feed(data), elapsed)

    def silence(self, elapsed: float) -> bytes:
        """Return the answers to what has arrived without a terminator."""
        return self._answer(split_run_together(self._framer.flush(), self._instrument.table), elapsed)

    def _answer(self, messages: list[str], elapsed: float) -> bytes:
        answers = (self._instrument.handle(message, elapsed) for message in messages)
        return b"".join(
            answer.encode("ascii", errors="replace") + TERMINATOR for answer in answers if answer is not None
        )
