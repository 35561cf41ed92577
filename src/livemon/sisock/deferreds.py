"""Types for code that waits for Twisted's Deferreds."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, ParamSpec, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred

T = TypeVar("T")
P = ParamSpec("P")

MaybeDeferred: TypeAlias = T | Deferred[T]
"""A result of type `T`, now or later."""
InlineCallbacks: TypeAlias = Generator[Deferred[Any], Any, T]
"""The return type of a function under ``@inlineCallbacks`` that results in a `T`: to its callers it is a ``Deferred[T]``."""


def deferred_call(function: Callable[P, MaybeDeferred[T]], *arguments: P.args, **keywords: P.kwargs) -> Deferred[T]:
    """Call a function that may return a Deferred, and return one in any case; an exception becomes its failure.

    This is :func:`twisted.internet.defer.maybeDeferred`, whose annotations do not cover a function that may do either.
    """
    answer: Deferred[Any] = maybeDeferred(function, *arguments, **keywords)
    return answer
