"""The samples that targets need: known beforehand, and asked of each node at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from livemon.bridge.catalogue import Field
from livemon.bridge.graphite.paths import expand_braces, matching
from livemon.bridge.graphite.routes import check_patterns
from livemon.bridge.graphite.series import Window
from livemon.bridge.graphite.tag_expressions import selected
from livemon.bridge.limits import MAX_READ, shared_points
from livemon.bridge.source import Samples
from livemon.errors import RequestError
from livemon.series.envelope import stride_for

_DENSE = 1.3
"""Points of a down-sampled answer are 1 to 1.25 strides apart (livemon.series.envelope)."""


class Fields:
    """The fields that paths and tags stand for, looked up once for a whole request: the catalogue may change meanwhile."""

    def __init__(self, source: Any) -> None:
        catalogue = source.catalogue
        self._by_path = {path: each for path, each in catalogue.by_path.items() if each.type != "string"}
        self._found: dict[str | tuple[str, ...], list[Field]] = {}
        self._patterns = 0

    def matching(self, path: str) -> list[Field]:
        """Return the fields that a path matches, in the order of their own paths."""
        if path not in self._found:
            self._patterns += len(expand_braces(path))
            check_patterns(self._patterns)
            self._found[path] = [self._by_path[each] for each in sorted(matching(path, self._by_path))]
        return self._found[path]

    def tagged(self, expressions: tuple[str, ...]) -> list[Field]:
        """Return the fields whose tags meet expressions, in the order of their paths."""
        if expressions not in self._found:
            found = selected(expressions, self._by_path.values())
            self._found[expressions] = sorted(found, key=lambda field: field.path)
        return self._found[expressions]


class Reader:
    """Reads samples, all that is wanted of one interval in one question to each node.

    Parameters
    ----------
    source
        Where they are (:class:`livemon.bridge.source.Source`).
    points
        How many are wanted of a field whose extremes are enough.
    """

    def __init__(self, source: Any, points: int) -> None:
        self._source, self._points = source, points
        self._wanted: dict[tuple[Window, bool], dict[Field, None]] = {}
        self._read: dict[tuple[Window, bool, Field], Samples] = {}
        self._left = MAX_READ
        self.silent: dict[str, None] = {}
        """The nodes that did not answer."""

    def want(self, fields: Iterable[Field], window: Window, *, whole: bool) -> None:
        """Note that samples of an interval will be asked for: all of them, or the extremes of pieces of time."""
        self._wanted.setdefault((window, whole), {}).update(dict.fromkeys(fields))

    def samples(self, field: Field, window: Window, *, whole: bool) -> Samples:
        """Return a field's samples in an interval; reads whatever is wanted of that interval."""
        if (window, whole, field) not in self._read:
            self.want([field], window, whole=whole)
            asked = [each for each in self._wanted.pop((window, whole)) if (window, whole, each) not in self._read]
            read = self._all(asked, window) if whole else self._extremes(asked, window)
            self._read |= {(window, whole, each): found for each, found in read.items()}
        return self._read[window, whole, field]

    def _extremes(self, fields: list[Field], window: Window) -> dict[Field, Samples]:
        return self._fetch(fields, window, shared_points(self._points, len(fields)))

    def _all(self, fields: list[Field], window: Window) -> dict[Field, Samples]:
        """Read all samples, within what a request may read."""
        points = self._left // len(fields)
        if points < 2:
            raise _too_many()
        read = self._fetch(fields, window, points)
        while True:
            thinned = [each for each, (times, _) in read.items() if _is_thinned(times, window, points)]
            if not thinned:
                self._left -= sum(times.size for times, _ in read.values())
                return read
            # The window may reach back to long before there were any.
            oldest = min(read[each][0][0] for each in thinned)
            shorter = Window(max(window.start, oldest - window.length / points * 3), window.end)
            if shorter.length > 0.8 * window.length:
                raise _too_many()
            window = shorter
            read |= self._fetch(thinned, window, points)

    def _fetch(self, fields: list[Field], window: Window, points: int) -> dict[Field, Samples]:
        answer = self._source.fetch(fields, window.start, window.end, points)
        self.silent |= dict.fromkeys(answer.silent)
        return answer.series


def _is_thinned(times: np.ndarray, window: Window, points: int) -> bool:
    """Whether samples are as close as a down-sampled answer has them, or would have them if there were any more."""
    if times.size < 4:
        return False
    return bool(np.median(np.diff(times)) < _DENSE * stride_for(window.start, window.end, points))


def _too_many() -> RequestError:
    return RequestError(
        f"the targets' functions need more than {MAX_READ} samples; ask for a shorter time or for fewer channels"
    )
