"""The functions of render targets, with graphite-web's semantics (webapp/graphite/render/functions.py, 1.1)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.patterns import Pattern
from livemon.errors import RequestError, shown

MAX_NAME = 1000
"""Characters in a series' name: substitutions within each other could double it a hundred times."""


@dataclass(frozen=True)
class Series:
    """One series: its name in the answer, the path it comes from, its tags and samples (UNIX seconds; NaN is null)."""

    name: str
    path: str
    tags: dict[str, str]
    times: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """The interval asked for, UNIX seconds."""

    start: float
    end: float


SeriesList = list[Series]


def constant_line(window: Window, value: float) -> SeriesList:
    """Three points of one value: begin, middle and end."""
    number = _number(value, "constantLine(value)")
    times = np.array([window.start, (window.start + window.end) / 2, window.end])
    name = f"{value:g}" if isinstance(value, float) else str(value)
    return [Series(name, name, {"name": name}, times, np.full(3, number))]


def alias(_window: Window, series: SeriesList, new_name: str) -> SeriesList:
    """Give the series another name."""
    return [replace(each, name=_text(new_name, "alias(series, newName)")) for each in series]


def alias_sub(_window: Window, series: SeriesList, search: str, substitute: str) -> SeriesList:
    """Change the series' names by a regular expression, as Python's re.sub does."""
    usage = "aliasSub(series, search, replace)"
    search, substitute = _text(search, usage), _text(substitute, usage)
    pattern = Pattern(search, "aliasSub")
    renamed = [replace(each, name=pattern.substitute(substitute, each.name)) for each in series]
    if any(len(each.name) > MAX_NAME for each in renamed):
        raise RequestError(f"aliasSub: a name would be longer than {MAX_NAME} characters")
    return renamed


def alias_by_node(_window: Window, series: SeriesList, *nodes: int) -> SeriesList:
    """Name the series by nodes of their paths, counted from 0, or from the end if negative."""
    renamed = []
    for each in series:
        parts = each.path.split(".")
        try:
            name = ".".join(parts[_integer(node, "aliasByNode(series, nodes)")] for node in nodes)
        except IndexError as error:
            raise RequestError(f"aliasByNode: {each.path[:200]} has nodes 0 to {len(parts) - 1}") from error
        renamed.append(replace(each, name=name))
    return renamed


def scale(_window: Window, series: SeriesList, factor: float) -> SeriesList:
    """Multiply by a factor."""
    number = _number(factor, "scale(series, factor)")
    return [replace(each, name=f"scale({each.name},{factor:g})", values=each.values * number) for each in series]


def offset(_window: Window, series: SeriesList, amount: float) -> SeriesList:
    """Add an amount."""
    number = _number(amount, "offset(series, factor)")
    return [replace(each, name=f"offset({each.name},{amount:g})", values=each.values + number) for each in series]


def absolute(_window: Window, series: SeriesList) -> SeriesList:
    """Take absolute values."""
    return [replace(each, name=f"absolute({each.name})", values=np.abs(each.values)) for each in series]


def group(_window: Window, *series: SeriesList) -> SeriesList:
    """Put several lists of series together."""
    return [each for one in series for each in _list(one, "group(seriesLists)")]


FUNCTIONS: dict[str, Callable[..., SeriesList]] = {
    "absolute": absolute,
    "alias": alias,
    "aliasByNode": alias_by_node,
    "aliasSub": alias_sub,
    "constantLine": constant_line,
    "group": group,
    "offset": offset,
    "scale": scale,
}

# As Grafana's editor wants them: module, group and kinds of parameters.
_PARAMETERS = {
    "absolute": ("Transform", [("seriesList", "seriesList")]),
    "alias": ("Alias", [("seriesList", "seriesList"), ("newName", "string")]),
    "aliasByNode": ("Alias", [("seriesList", "seriesList"), ("nodes", "nodeOrTag")]),
    "aliasSub": ("Alias", [("seriesList", "seriesList"), ("search", "string"), ("replace", "string")]),
    "constantLine": ("Special", [("value", "float")]),
    "group": ("Combine", [("seriesLists", "seriesLists")]),
    "offset": ("Transform", [("seriesList", "seriesList"), ("factor", "float")]),
    "scale": ("Transform", [("seriesList", "seriesList"), ("factor", "float")]),
}


def call(name: str, window: Window, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> SeriesList:
    """Call a function by its name.

    Raises
    ------
    RequestError
        If there is no such function, or if it cannot be called like that.
    """
    function = FUNCTIONS.get(name)
    if function is None:
        raise RequestError(f"unknown function {name[:80]}; known are {', '.join(sorted(FUNCTIONS))}")
    parameters = [each for each, _ in _PARAMETERS[name][1]]
    ours = dict(zip(parameters, list(inspect.signature(function).parameters)[1:], strict=True))
    try:
        bound = inspect.signature(function).bind(
            window, *arguments, **{ours[key]: value for key, value in keywords.items()}
        )
    except (KeyError, TypeError) as error:
        raise RequestError(f"{name}: cannot be called like that; write {_usage(name)}") from error
    if name != "constantLine" and bound.args[1:]:
        _list(bound.args[1], name)
    return function(*bound.args, **bound.kwargs)


def describe() -> dict[str, dict]:
    """Return what ``/functions`` tells of each."""
    described = {}
    for name, (category, parameters) in _PARAMETERS.items():
        params = [{"name": each, "type": kind, "required": True} for each, kind in parameters]
        if name in {"aliasByNode", "group"}:
            params[-1]["multiple"] = True
        described[name] = {
            "name": name,
            "function": _usage(name),
            "description": inspect.getdoc(FUNCTIONS[name]),
            "module": "livemon",
            "group": category,
            "params": params,
        }
    return described


def _usage(name: str) -> str:
    return f"{name}({', '.join(each for each, _ in _PARAMETERS[name][1])})"


def _list(value: Any, usage: str) -> SeriesList:
    if not isinstance(value, list):
        raise RequestError(f"{usage}: {_shown(value)} stands where a series is wanted")
    return value


def _text(value: Any, usage: str) -> str:
    if not isinstance(value, str):
        raise RequestError(f"{usage}: {_shown(value)} stands where a text in quotes is wanted")
    return value


def _number(value: Any, usage: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise RequestError(f"{usage}: {_shown(value)} stands where a number is wanted")
    return float(value)


def _integer(value: Any, usage: str) -> int:
    return int(_number(value, usage))


def _shown(value: Any) -> str:
    return "a series" if isinstance(value, list) else shown(value)
