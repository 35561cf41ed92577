"""The samples that targets need: known beforehand, and asked of each node at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.catalogue import Field
from livemon.bridge.graphite.paths import expand_braces, matching
from livemon.bridge.graphite.routes import check_patterns
from livemon.bridge.graphite.series import Window
from livemon.bridge.graphite.tag_expressions import selected
from livemon.bridge.limits import MAX_READ, shared_points
from livemon.bridge.source import Answer, Samples
from livemon.errors import RequestError
from livemon.series.envelope import EVERY

FEWEST = 100
"""Points of a field whose extremes are enough: of one or two, no function could tell extremes."""


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


@dataclass(frozen=True)
class _Piece:
    """All samples of a field in an interval."""

    window: Window
    times: NDArray[np.float64]
    values: NDArray[np.float64]

    def part(self, window: Window) -> Samples:
        """Return what lies in an interval within this one."""
        part = slice(*np.searchsorted(self.times, [window.start, window.end]))
        return self.times[part], self.values[part]

    def joined(self, other: _Piece) -> _Piece:
        """Return this piece and one that begins where it ends."""
        return _Piece(
            Window(self.window.start, other.window.end),
            np.concatenate((self.times, other.times)),
            np.concatenate((self.values, other.values)),
        )


class Reader:
    """Reads samples, all that is wanted of one interval in one question to each node, and nothing twice.

    Parameters
    ----------
    source
        Where they are (:class:`livemon.bridge.source.Source`).
    points
        How many are wanted of a field whose extremes are enough.
    """

    def __init__(self, source: Any, points: int) -> None:
        self._source, self._points = source, max(points, FEWEST)
        self._wanted: dict[tuple[Window, bool], dict[Field, None]] = {}
        self._extremes: dict[tuple[Window, Field], Samples] = {}
        self._thinned: set[tuple[Window, Field]] = set()
        self._pieces: dict[Field, list[_Piece]] = {}
        self._left = MAX_READ
        self.silent: dict[str, None] = {}
        """The nodes that did not answer."""

    def want(self, fields: Iterable[Field], window: Window, *, whole: bool) -> None:
        """Note that samples of an interval will be asked for: all of them, or the extremes of pieces of time."""
        self._wanted.setdefault((window, whole), {}).update(dict.fromkeys(fields))

    def samples(self, field: Field, window: Window, *, whole: bool) -> Samples:
        """Return a field's samples in an interval; reads whatever is wanted of that interval.

        Raises
        ------
        RequestError
            If so many samples cannot be read for one request.
        """
        if whole:
            piece = self._piece(field, window)
            if piece is None:
                self._read_all(self._asked_with(field, window, whole=True), window)
                piece = self._piece(field, window)
            return piece.part(window)
        if (window, field) not in self._extremes:
            fields = self._asked_with(field, window, whole=False)
            answer = self._fetch(fields, window, shared_points(self._points, len(fields)))
            self._extremes |= {(window, each): found for each, found in answer.series.items()}
            self._thinned |= {(window, each) for each in answer.thinned}
        return self._extremes[window, field]

    def is_thinned(self, field: Field, window: Window) -> bool:
        """Whether a field's samples in an interval, read as extremes, are not all that there are."""
        return (window, field) in self._thinned

    def _asked_with(self, field: Field, window: Window, *, whole: bool) -> list[Field]:
        return list(self._wanted.pop((window, whole), {}) | {field: None})

    def _piece(self, field: Field, window: Window) -> _Piece | None:
        """Return what has been read of a field in an interval; `None` if that is not all."""
        for each in self._pieces.get(field, []):
            if each.window.start <= window.start and window.end <= each.window.end:
                return each
        return None

    def _read_all(self, fields: list[Field], window: Window) -> None:
        """Read what has not been read of an interval."""
        gaps: dict[tuple[Window | None, Window | None], list[Field]] = {}
        for field in fields:
            if self._piece(field, window) is None:
                gaps.setdefault(self._gaps(field, window), []).append(field)
        for (before, behind), same in gaps.items():
            read_before = self._whole(same, before) if before else {}
            read_behind = self._whole(same, behind) if behind else {}
            for field in same:
                pieces = self._pieces.setdefault(field, [])
                # What touches the interval is a part of the new piece.
                old = next((each for each in pieces if _touch(each.window, window)), None)
                parts = [read_before.get(field), old, read_behind.get(field)]
                pieces[:] = [each for each in pieces if each is not old]
                pieces.append(reduce(_Piece.joined, [each for each in parts if each is not None]))

    def _gaps(self, field: Field, window: Window) -> tuple[Window | None, Window | None]:
        """Return what is missing of an interval before and behind the piece that touches it."""
        for each in self._pieces.get(field, []):
            if _touch(each.window, window):
                before = Window(window.start, each.window.start) if window.start < each.window.start else None
                behind = Window(each.window.end, window.end) if each.window.end < window.end else None
                return before, behind
        return window, None

    def _whole(self, fields: list[Field], window: Window) -> dict[Field, _Piece]:
        """Read every sample of an interval, each once, within what a request may read."""
        pieces: dict[Field, _Piece] = {}
        missing = fields
        while missing:
            series, thinned = self._all_or_some(missing, window, self._left // len(missing))
            whole = [each for each in missing if each not in thinned]
            pieces |= {each: _Piece(window, *series[each]) for each in whole}
            self._left -= sum(series[each][0].size for each in whole)
            missing = [each for each in missing if each in thinned]
            # Where each has more than its share, all of them have more than what is left.
            if self._left < 0 or (missing and not whole):
                raise _too_many()
        return pieces

    def _all_or_some(self, fields: list[Field], window: Window, points: int) -> tuple[dict[Field, Samples], set[Field]]:
        """Return samples, and the fields that have more of them than there is room for."""
        answer = self._fetch(fields, window, points)
        untold = [each for each, thinned in answer.thinned.items() if thinned is None]
        if not untold:
            return answer.series, set(answer.thinned)
        # Nodes of others thin as they like, and do not tell.
        every = self._fetch(untold, window, EVERY)
        return answer.series | every.series, answer.thinned.keys() - {*untold} | every.thinned.keys()

    def _fetch(self, fields: list[Field], window: Window, points: int) -> Answer:
        answer = self._source.fetch(fields, window.start, window.end, points)
        self.silent |= dict.fromkeys(answer.silent)
        return answer


def _touch(one: Window, other: Window) -> bool:
    return one.start <= other.end and other.start <= one.end


def _too_many() -> RequestError:
    return RequestError(
        f"the targets' functions need more than {MAX_READ} samples; ask for a shorter time or for fewer channels"
    )
