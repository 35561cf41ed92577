"""Evaluates targets: trees of paths and calls become series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from livemon.bridge.catalogue import Field
from livemon.bridge.graphite.context import Context, Tree
from livemon.bridge.graphite.functions import find
from livemon.bridge.graphite.functions.declaration import MAX_NAME, Function
from livemon.bridge.graphite.grammar import Call, Path
from livemon.bridge.graphite.reading import Fields, Reader
from livemon.bridge.graphite.series import Series, SeriesList, Window
from livemon.bridge.limits import Budget, check_series
from livemon.bridge.source import Source
from livemon.errors import RequestError

BY_TAG = "seriesByTag"


class Evaluation:
    """Evaluates the targets of one request.

    Parameters
    ----------
    source
        Samples and channels.
    window
        The requested interval.
    points
        How many points of each series the request can use.
    room
        How many samples of a channel may be read before smallest and largest values replace them, where those are enough; at least
        `points`.
    """

    def __init__(self, source: Source, window: Window, points: int, room: int = 0) -> None:
        self.window, self.points = window, points
        self._fields = Fields(source)
        self._reader = Reader(source, max(points, room))
        self.budget = Budget()
        """What may still be computed."""
        self._number = 0
        self._known: dict[tuple[Tree, Window, bool], SeriesList] = {}

    @property
    def silent(self) -> list[str]:
        """The nodes that did not answer."""
        return list(self._reader.silent)

    def prepare(self, tree: Tree) -> None:
        """Note what a target will read, as far as that is known before anything is read.

        Raises
        ------
        RequestError
            If it calls an unknown function, or one with invalid arguments, or asks for too many series.
        """
        self._prepare(tree, self.window, whole=False)

    def _prepare(self, tree: Tree, window: Window, *, whole: bool) -> None:
        if isinstance(tree, Path):
            self._want(self._fields.matching(tree.text), window, whole=whole)
            return
        function, arguments = _bound(tree)
        if tree.name == BY_TAG:
            self._want(self._fields.tagged(tuple(arguments[0])), window, whole=whole)
            return
        whole = whole or not function.keeps_extremes
        inner = function.window(window, arguments) if function.window else window
        for each in _trees(arguments):
            self._prepare(each, inner, whole=whole)

    def _want(self, fields: list[Field], window: Window, *, whole: bool) -> None:
        self._number += max(1, len(fields))  # a field that is requested twice is returned twice
        check_series(self._number)
        self._reader.want(fields, window, whole=whole)

    def evaluate(self, tree: Tree) -> SeriesList:
        """Return the series of a target."""
        return self._evaluate(tree, self.window, whole=False)

    def _evaluate(self, tree: Tree, window: Window, *, whole: bool) -> SeriesList:
        key = tree, window, whole
        if key not in self._known:
            if isinstance(tree, Path):
                self._known[key] = self._read(self._fields.matching(tree.text), tree.text, window, whole=whole)
            else:
                self._known[key] = self._call(tree, window, whole=whole)
        return self._known[key]

    def _read(self, fields: Sequence[Field], expression: str, window: Window, *, whole: bool) -> SeriesList:
        self._reader.want(fields, window, whole=whole)
        found = []
        for field in fields:
            times, values = self._reader.samples(field, window, whole=whole)
            thinned = not whole and self._reader.is_thinned(field, window)
            found.append(Series(field.path, expression, field.tags, times, values, thinned=thinned))
        return found

    def _call(self, call: Call, window: Window, *, whole: bool) -> SeriesList:
        self.budget.count_call()
        function, arguments = _bound(call)
        whole = whole or not function.keeps_extremes
        inner = function.window(window, arguments) if function.window else window

        def evaluate(tree: Tree, at: Window) -> SeriesList:
            return self._evaluate(tree, at, whole=whole)

        def tagged(expressions: Sequence[str]) -> SeriesList:
            written = ",".join(f"'{each}'" for each in expressions)
            return self._read(self._fields.tagged(tuple(expressions)), f"{BY_TAG}({written})", window, whole=whole)

        def value(argument: Any) -> Any:
            if isinstance(argument, (Path, Call)):
                return evaluate(argument, inner)
            return [value(each) for each in argument] if isinstance(argument, list) else argument

        context = Context(window, self.points, self.budget, evaluate, tagged)
        delayed, others = (arguments[:1], arguments[1:]) if function.delayed else ([], arguments)
        found = function.code(context, *delayed, *map(value, others))
        self.budget.spend(sum(each.values.size for each in found))
        check_series(len(found))
        if any(max(len(each.name), len(each.expression)) > MAX_NAME for each in found):
            raise RequestError(f"{function.name}: a name would be longer than {MAX_NAME} characters")
        return found if function.keeps_unit else [_without_unit(each) for each in found]


def _bound(call: Call) -> tuple[Function, list[Any]]:
    function = find(call.name)
    return function, function.bound(call.arguments, dict(call.keywords))


def _trees(arguments: list[Any]) -> list[Tree]:
    found = []
    for each in arguments:
        if isinstance(each, (Path, Call)):
            found.append(each)
        elif isinstance(each, list):
            found += [tree for tree in each if isinstance(tree, (Path, Call))]
    return found


def _without_unit(series: Series) -> Series:
    tags = series.tags
    return replace(series, tags={key: tags[key] for key in tags if key != "unit"}) if "unit" in tags else series
