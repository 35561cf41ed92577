"""The samples that targets need: collected beforehand, and fetched from each node at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.catalogue import Field
from livemon.bridge.graphite.paths import expand_braces, matching
from livemon.bridge.graphite.routes import check_patterns
from livemon.bridge.graphite.series import Window
from livemon.bridge.graphite.tag_expressions import selected
from livemon.bridge.limits import MAX_READ, shared_points
from livemon.bridge.source import Answer, Samples, Source
from livemon.errors import RequestError
from livemon.series.envelope import EVERY

FEWEST = 100
"""Points of a field whose extremes are enough: one or two points could not show extremes."""


class Fields:
    """The fields that paths and tags stand for, looked up once per request: the source's catalogue may be replaced meanwhile."""

    def __init__(self, source: Source) -> None:
        self._by_path = {path: each for path, each in source.catalogue.by_path.items() if each.type != "string"}
        self._found: dict[str | tuple[str, ...], list[Field]] = {}
        self._patterns = 0

    def matching(self, path: str) -> list[Field]:
        """Return the fields that a path matches, sorted by their own paths."""
        if path not in self._found:
            self._patterns += len(expand_braces(path))
            check_patterns(self._patterns)
            self._found[path] = [self._by_path[each] for each in sorted(matching(path, self._by_path))]
        return self._found[path]

    def tagged(self, expressions: tuple[str, ...]) -> list[Field]:
        """Return the fields whose tags match expressions, sorted by path."""
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
        """Return the samples in an interval within this one."""
        part = slice(*np.searchsorted(self.times, [window.start, window.end]))
        return self.times[part], self.values[part]

    def joined(self, other: _Piece) -> _Piece:
        """Return this piece and one that begins where it ends, as one."""
        return _Piece(
            Window(self.window.start, other.window.end),
            np.concatenate((self.times, other.times)),
            np.concatenate((self.values, other.values)),
        )


class Reader:
    """Reads samples: everything that is wanted of an interval in one query per node, and nothing twice.

    Parameters
    ----------
    source
        Where they are.
    points
        How many to read of a field whose extremes are enough.
    """

    def __init__(self, source: Source, points: int) -> None:
        self._source, self._points = source, max(points, FEWEST)
        self._wanted: dict[tuple[Window, bool], dict[Field, None]] = {}
        self._extremes: dict[tuple[Window, Field], Samples] = {}
        self._thinned: set[tuple[Window, Field]] = set()
        self._pieces: dict[Field, list[_Piece]] = {}
        self._left = MAX_READ
        self.silent: dict[str, None] = {}
        """The nodes that did not answer."""

    def want(self, fields: Iterable[Field], window: Window, *, whole: bool) -> None:
        """Note that samples of an interval will be needed: the `whole` of them, or the extremes of buckets of time."""
        self._wanted.setdefault((window, whole), {}).update(dict.fromkeys(fields))

    def samples(self, field: Field, window: Window, *, whole: bool) -> Samples:
        """Return a field's samples in an interval; reads everything that is wanted of that interval.

        Raises
        ------
        RequestError
            If so many samples cannot be read for one request.
        """
        if whole:
            piece = self._piece(field, window)
            if piece is None:
                self._read_all(self._wanted_with(field, window, whole=True), window)
                piece = self._piece(field, window)
                assert piece is not None
            return piece.part(window)
        if (window, field) not in self._extremes:
            fields = self._wanted_with(field, window, whole=False)
            answer = self._fetch(fields, window, shared_points(self._points, len(fields)))
            self._extremes |= {(window, each): found for each, found in answer.series.items()}
            self._thinned |= {(window, each) for each in answer.thinned}
        return self._extremes[window, field]

    def is_thinned(self, field: Field, window: Window) -> bool:
        """Whether a field's samples in an interval, read as extremes, may not be all of them."""
        return (window, field) in self._thinned

    def _wanted_with(self, field: Field, window: Window, *, whole: bool) -> list[Field]:
        return list(self._wanted.pop((window, whole), {}) | {field: None})

    def _piece(self, field: Field, window: Window) -> _Piece | None:
        """Return the piece that contains an interval of a field; `None` if it has not been read completely."""
        for each in self._pieces.get(field, []):
            if each.window.start <= window.start and window.end <= each.window.end:
                return each
        return None

    def _read_all(self, fields: list[Field], window: Window) -> None:
        """Read the missing parts of an interval."""
        gaps: dict[tuple[Window | None, Window | None], list[Field]] = {}
        for field in fields:
            if self._piece(field, window) is None:
                gaps.setdefault(self._gaps(field, window), []).append(field)
        for (before, after), same in gaps.items():
            read_before = self._whole(same, before) if before else {}
            read_after = self._whole(same, after) if after else {}
            for field in same:
                pieces = self._pieces.setdefault(field, [])
                # A piece that touches the interval becomes part of the new one.
                old = next((each for each in pieces if _touch(each.window, window)), None)
                parts = [read_before.get(field), old, read_after.get(field)]
                pieces[:] = [each for each in pieces if each is not old]
                pieces.append(reduce(_Piece.joined, [each for each in parts if each is not None]))

    def _gaps(self, field: Field, window: Window) -> tuple[Window | None, Window | None]:
        """Return what is missing of an interval before and after the piece that touches it."""
        for each in self._pieces.get(field, []):
            if _touch(each.window, window):
                before = Window(window.start, each.window.start) if window.start < each.window.start else None
                after = Window(each.window.end, window.end) if each.window.end < window.end else None
                return before, after
        return window, None

    def _whole(self, fields: list[Field], window: Window) -> dict[Field, _Piece]:
        """Read every sample of an interval once, within what a request may read."""
        pieces: dict[Field, _Piece] = {}
        missing = fields
        while missing:
            series, thinned = self._all_or_some(missing, window, self._left // len(missing))
            whole = [each for each in missing if each not in thinned]
            pieces |= {each: _Piece(window, *series[each]) for each in whole}
            self._left -= sum(series[each][0].size for each in whole)
            missing = [each for each in missing if each in thinned]
            # If every field has more than its share, together they have more than what is left.
            if self._left < 0 or (missing and not whole):
                raise _too_many()
        return pieces

    def _all_or_some(self, fields: list[Field], window: Window, points: int) -> tuple[dict[Field, Samples], set[Field]]:
        """Return samples, and the fields that have more of them than there is room for."""
        answer = self._fetch(fields, window, points)
        unknown = [each for each, thinned in answer.thinned.items() if thinned is None]
        if not unknown:
            return answer.series, set(answer.thinned)
        # Other people's nodes thin as they like, without saying so.
        every = self._fetch(unknown, window, EVERY)
        return answer.series | every.series, answer.thinned.keys() - set(unknown) | every.thinned.keys()

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
