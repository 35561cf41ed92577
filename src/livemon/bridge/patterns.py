"""Regular expressions written by users: Python's syntax, with a time limit (docs/decisions/0010)."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import regex
from flask import g

from livemon.errors import RequestError, shown

# That a later Python may interpret a pattern differently is nothing that the log's reader could mend.
warnings.filterwarnings("ignore", "Possible (nested set|set)", FutureWarning)

MAX_SECONDS = 0.5
"""Processor time for all patterns of one request together: one like ``(a|aa)+$`` would run for years."""
MAX_LENGTH = 1 << 15
MAX_SIZE = 100_000
"""Characters of a pattern with its repeats expanded, as if all were nested: regex expands them, and ``(((a{50}){50}){50}){50}``
takes two gigabytes."""
_REPEAT = re.compile(r"\{\s*(\d+)")


class Pattern:
    """A regular expression that gives up when the patterns of its request have taken `MAX_SECONDS`.

    Parameters
    ----------
    text
        The expression, as for Python's ``re``.
    what
        The parameter or function that it belongs to, for error messages.

    Raises
    ------
    RequestError
        If the expression is invalid; from the methods too, if it takes too long.
    """

    def __init__(self, text: str, what: str) -> None:
        self._text, self._what = text, what
        if len(text) > MAX_LENGTH:
            raise RequestError(f"{what}: the pattern has more than {MAX_LENGTH} characters")
        if _size(text) > MAX_SIZE:
            raise RequestError(f"{what}: {shown(text)} repeats too much; write smaller numbers in braces, or * and +")
        with self._limited():
            re.compile(
                text
            )  # regex supports more than Python does, such as recursion, which takes a gigabyte in a second
            self._compiled = regex.compile(text)

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole of `text`."""
        return self._try(self._compiled.fullmatch, text) is not None

    def is_in(self, text: str) -> bool:
        """Whether the pattern matches a part of `text`."""
        return self._try(self._compiled.search, text) is not None

    def substitute(self, replacement: str, text: str) -> str:
        """Return `text` with every match replaced, as Python's ``re.sub`` does."""
        substituted: str = self._try(self._compiled.sub, replacement, text)
        return substituted

    def _try(self, function: Callable[..., Any], *arguments: str) -> Any:
        with self._limited():
            until = time.thread_time() + _left()
            while (left := until - time.thread_time()) > 0:
                with suppress(TimeoutError):  # regex counts the processor time of all threads
                    # Other requests go on meanwhile.
                    return function(*arguments, concurrent=True, timeout=left)
            raise TimeoutError

    @contextmanager
    def _limited(self) -> Iterator[None]:
        begin = time.thread_time()  # a machine that is busy with other work does not make a pattern slow
        try:
            if _left() <= 0:
                raise TimeoutError  # noqa: TRY301 - the same message wherever it is noticed
            yield
        except TimeoutError as error:
            raise RequestError(f"{self._what}: {shown(self._text)} takes longer than {MAX_SECONDS:g} s") from error
        except (re.error, regex.error, IndexError, OverflowError, RecursionError) as error:
            raise RequestError(f"{self._what}: {str(error)[:200]}") from error
        finally:
            g.pattern_seconds = _left() - (time.thread_time() - begin)


def _left() -> float:
    """Return how many seconds of processor time the patterns of this request may still take."""
    seconds: float = g.setdefault("pattern_seconds", MAX_SECONDS)
    return seconds


def _size(text: str) -> int:
    size = len(text)
    for digits in _REPEAT.findall(text):
        size *= max(1, int(digits[:7]))
        if size > MAX_SIZE:
            break
    return size
