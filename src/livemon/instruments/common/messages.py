"""The grammar that all Lake Shore instruments share: terminators, chained requests, parameters, numbers.

A message is a line of ASCII, ended by CR, LF or both. It has one request, or several joined by ``;``. A request
is a mnemonic (a query's ends in ``?``), then parameters separated by commas; double quotes protect both
separators. The answers of one message go back in one line, joined by ``;`` and ended by CR LF.

Source: Lake Shore Model 372 User's Manual, chapter 6 "Computer Interface Operation".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

TERMINATOR = b"\r\n"
LONGEST_MESSAGE = 4096

_TERMINATORS = re.compile(rb"[\r\n]+")
_REQUEST = re.compile(r"\s*(\*?[A-Za-z]+\??)\s*(.*?)\s*", re.DOTALL)
_EVEN_QUOTES_AHEAD = r'(?=(?:[^"]*"[^"]*")*[^"]*$)'
_CHAIN = re.compile(";" + _EVEN_QUOTES_AHEAD)
_PARAMETERS = re.compile("," + _EVEN_QUOTES_AHEAD)


@dataclass(frozen=True)
class Request:
    """One command or query: `mnemonic` in capitals, `parameters` without blanks and quotes around them."""

    mnemonic: str
    parameters: tuple[str, ...]


class LineFramer:
    """Splits a stream of bytes into messages, however the transport split or merged them.

    A message longer than `longest` bytes is dropped up to its terminator or a flush, so that memory stays bounded.
    """

    def __init__(self, longest: int = LONGEST_MESSAGE) -> None:
        self._longest = longest
        self._pending = b""
        self._overlong = False
        self.saw_terminator = False

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun that has no terminator yet."""
        return bool(self._pending) or self._overlong

    def feed(self, data: bytes) -> list[str]:
        """Take received bytes; return the messages that they complete, without terminators and without empty ones."""
        *lines, rest = _TERMINATORS.split(self._pending + data)
        if lines:
            self.saw_terminator = True
            if self._overlong:
                self._overlong = False
                lines = lines[1:]
        self._overlong = self._overlong or len(rest) > self._longest
        self._pending = b"" if self._overlong else rest
        return [_decode(line) for line in lines if line and len(line) <= self._longest]

    def flush(self) -> str:
        """Return and forget what waits for a terminator; empty if nothing does, or if it was too long."""
        pending, self._pending, self._overlong = self._pending, b"", False
        return _decode(pending)


def _decode(line: bytes) -> str:
    return line.decode("ascii", errors="replace")


def parse(message: str) -> list[Request | None]:
    """Split one message into its requests; `None` stands for a request without a mnemonic."""
    return [_parse_request(part) for part in _CHAIN.split(message) if part.strip()]


def _parse_request(text: str) -> Request | None:
    match = _REQUEST.fullmatch(text)
    if match is None:
        return None
    mnemonic, parameters = match.groups()
    return Request(
        mnemonic.upper(),
        tuple(part.strip().strip('"') for part in _PARAMETERS.split(parameters)) if parameters else (),
    )


def split_run_together(text: str, mnemonics: Iterable[str]) -> list[str]:
    """Split a text in which requests follow each other without separators.

    The socs driver of the Model 240 sends no terminators over TCP, so two commands may arrive as one.

    Parameters
    ----------
    text
        What arrived before the line fell silent.
    mnemonics
        The instrument's mnemonics; a new request begins at each of them.
    """
    longest_first = sorted(mnemonics, key=len, reverse=True)
    starts = "|".join(re.escape(m) + ("" if m.endswith("?") else r"(?= )") for m in longest_first)
    return [part for part in re.split(f"(?={starts})", text) if part]


def engineering(value: float) -> str:
    """Format with six significant digits and an exponent that is a multiple of three, as in ``+293.873E+00`` or ``+10.6000E-03``.

    This is the form in which a Model 372 answers ``KRDG?`` and ``SRDG?``.
    """
    if value == 0:
        return "+00.0000E-03"
    exponent = 3 * math.floor(math.log10(abs(value)) / 3)
    mantissa = float(f"{value / 10.0**exponent:.5e}")
    if abs(mantissa) >= 1000:
        exponent, mantissa = exponent + 3, mantissa / 1000
    decimals = 5 - math.floor(math.log10(abs(mantissa)))
    return f"{mantissa:+.{decimals}f}E{exponent:+03d}"
