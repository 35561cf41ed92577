"""Functions that rename series for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from livemon.bridge.graphite.context import Context
from livemon.bridge.graphite.functions.declaration import SERIES, Parameter, function
from livemon.bridge.graphite.grammar import Call, Path, parse
from livemon.bridge.graphite.series import Series, SeriesList
from livemon.bridge.patterns import Pattern
from livemon.errors import RequestError

MAX_ALIAS = 1000
"""Characters in a name: nested substitutions could double it a hundred times."""


@function("alias", "Alias", SERIES, Parameter("newName", "string", required=True), keeps_extremes=True)
def alias(_context: Context, series: SeriesList, new_name: str) -> SeriesList:
    """Rename the series."""
    return [replace(each, name=new_name) for each in series]


@function(
    "aliasSub",
    "Alias",
    SERIES,
    Parameter("search", "string", required=True),
    Parameter("replace", "string", required=True),
    keeps_extremes=True,
)
def alias_sub(_context: Context, series: SeriesList, search: str, substitute: str) -> SeriesList:
    """Change the series' names by a regular expression, as Python's re.sub does."""
    pattern = Pattern(search, "aliasSub")
    renamed = [replace(each, name=pattern.substitute(substitute, each.name)) for each in series]
    if any(len(each.name) > MAX_ALIAS for each in renamed):
        raise RequestError(f"aliasSub: a name would be longer than {MAX_ALIAS} characters")
    return renamed


@function(
    "aliasByNode", "Alias", SERIES, Parameter("nodes", "nodeOrTag", required=True, multiple=True), keeps_extremes=True
)
def alias_by_node(_context: Context, series: SeriesList, nodes: list[int | str]) -> SeriesList:
    """Name the series by nodes of their paths, counted from 0, or from the end if negative, or by their tags."""
    return [replace(each, name=key_of(each, nodes)) for each in series]


@function(
    "aliasByTags", "Alias", SERIES, Parameter("tags", "nodeOrTag", required=True, multiple=True), keeps_extremes=True
)
def alias_by_tags(context: Context, series: SeriesList, tags: list[int | str]) -> SeriesList:
    """Name the series by their tags, or by nodes of their paths."""
    return alias_by_node(context, series, tags)


@function("aliasByMetric", "Alias", SERIES, keeps_extremes=True)
def alias_by_metric(_context: Context, series: SeriesList) -> SeriesList:
    """Name the series by the last node of their paths."""
    return [replace(each, name=_innermost(each.name).split(".")[-1].partition(",")[0]) for each in series]


def key_of(series: Series, nodes: Iterable[int | str]) -> str:
    """Return nodes of a series' name, or of the first path in it, and tags, joined by dots; missing ones are empty."""
    name = _first_path(series.name) if series.name.endswith(")") else series.name
    parts = name.partition(";")[0].split(".")
    return ".".join(
        parts[each] if isinstance(each, int) and -len(parts) <= each < len(parts) else series.tags.get(str(each), "")
        for each in nodes
    )


def _first_path(name: str) -> str:
    try:
        tree = parse(name)
    except RequestError:
        return name  # an alias that merely looks like a call
    while isinstance(tree, Call):
        if not tree.arguments:
            return name
        tree = tree.arguments[0]
    return tree.text if isinstance(tree, Path) else name


def _innermost(name: str) -> str:
    """Return the text between the last opening bracket and the first closing one."""
    end = name.find(")")
    return name[name.rfind("(") + 1 : end if end >= 0 else None]
