"""How a function is declared: once, for `/functions` and for the checks of its arguments."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from livemon.bridge.graphite.aggregates import NAMES, aggregate
from livemon.bridge.graphite.grammar import Call, Path
from livemon.bridge.graphite.intervals import interval
from livemon.bridge.graphite.series import SeriesList, Window
from livemon.bridge.times import number
from livemon.errors import RequestError, shown

MAX_NAME = 16_384
"""Characters in a series' name: that of ``divideSeries`` contains two names, and so would double with every nested call."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function: its name, graphite-web's name for its type, and what Grafana's editor needs to know.

    Only the last one may be `multiple`: it takes all further arguments.
    """

    name: str
    type: str
    default: Any = None
    required: bool = False
    multiple: bool = False
    options: tuple[str, ...] = ()
    suggestions: tuple[Any, ...] = ()

    @property
    def takes_series(self) -> bool:
        """Whether its arguments are series."""
        return self.type in ("seriesList", "any")

    def describe(self) -> dict[str, Any]:
        """Return its description in `/functions`."""
        about: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.required:
            about["required"] = True
        if self.default is not None:
            # JSON has no infinity, and Grafana's parser accepts none.
            about["default"] = "inf" if self.default == math.inf else self.default
        if self.multiple:
            about["multiple"] = True
        if options := self.options or (tuple(NAMES) if self.type in ("aggFunc", "aggOrSeriesFunc") else ()):
            about["options"] = list(options)
        if self.suggestions:
            about["suggestions"] = list(self.suggestions)
        return about

    def checked(self, value: Any, usage: str) -> Any:
        """Return an argument other than a series, converted to what the function takes.

        Raises
        ------
        RequestError
            If it is not of this type.
        """
        if value is None and not self.required:
            return self.default
        if self.type in _KINDS:
            kind, convert = _KINDS[self.type]
            found = None if isinstance(value, (Path, Call)) else convert(value)
            if found is None:
                raise RequestError(f"{usage}: {_shown(value)} is not {kind}")
        elif self.type == "interval":
            interval(value, usage)
            found = value
        elif self.type == "aggFunc":
            found = _text(value)
            aggregate(found if found is not None else _shown(value))
        else:
            found = value
        if self.options and found not in self.options:
            raise RequestError(
                f"{usage}: {_shown(value)} is not a valid {self.name}; write one of {', '.join(self.options)}"
            )
        return found


SERIES = Parameter("seriesList", "seriesList", required=True)
SERIES_LISTS = Parameter("seriesLists", "seriesList", required=True, multiple=True)
X_FILES_FACTOR = Parameter("xFilesFactor", "float")

Windows = Callable[[Window, Sequence[Any]], Window]


@dataclass(frozen=True)
class Function:
    """A function of render targets.

    Attributes
    ----------
    name, group
        As in graphite-web.
    parameters
        In their order.
    code
        Called with the context (:class:`livemon.bridge.graphite.context.Context`) and one argument per parameter. For a `delayed`
        function, the first argument is the tree that stands for the series, instead of the series.
    keeps_extremes
        Whether smallest and largest values of buckets of time are enough for it, instead of all samples.
    keeps_unit
        Whether its result has the unit of its argument.
    window
        Returns the window in which its argument is read, from its own window and the arguments; `None`: its own window.
    delayed
        Whether it evaluates its argument itself.
    """

    name: str
    group: str
    parameters: tuple[Parameter, ...]
    code: Callable[..., SeriesList]
    keeps_extremes: bool
    keeps_unit: bool
    window: Windows | None
    delayed: bool

    @property
    def usage(self) -> str:
        """Its name and parameters."""
        return f"{self.name}({', '.join(each.name for each in self.parameters)})"

    def describe(self) -> dict[str, Any]:
        """Return its description in `/functions`."""
        return {
            "name": self.name,
            "function": self.usage,
            "description": inspect.getdoc(self.code),
            "module": "livemon",
            "group": self.group,
            "params": [each.describe() for each in self.parameters],
        }

    def bound(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[Any]:
        """Return one argument per parameter, a list for a multiple one; series are still the trees that stand for them.

        Raises
        ------
        RequestError
            If it cannot be called with these arguments.
        """
        values: dict[str, Any] = {}
        for position, value in enumerate(arguments):
            parameter = self.parameters[min(position, len(self.parameters) - 1)] if self.parameters else None
            if parameter is None or (position >= len(self.parameters) and not parameter.multiple):
                raise self._misused("has too many arguments")
            if parameter.multiple:
                values.setdefault(parameter.name, []).append(value)
            else:
                values[parameter.name] = value
        by_keyword = {each.name for each in self.parameters if not each.multiple} - values.keys()
        for name, value in keywords.items():
            if name not in by_keyword:
                raise self._misused(f"cannot take {shown(name, 40)}")
            values[name] = value
        return [self._argument(each, values) for each in self.parameters]

    def _argument(self, parameter: Parameter, values: Mapping[str, Any]) -> Any:
        value = values.get(parameter.name)
        if parameter.required and value is None:
            raise self._misused(f"needs {parameter.name}")
        if parameter.multiple:
            each_one = replace(parameter, required=True)
            return [self._single(each_one, each) for each in value or []]
        return self._single(parameter, value)

    def _single(self, parameter: Parameter, value: Any) -> Any:
        if parameter.takes_series and isinstance(value, (Path, Call)):
            return value
        if parameter.type == "seriesList" and value is not None:
            raise RequestError(f"{self.usage}: {_shown(value)} is not a series")
        return parameter.checked(value, self.usage)

    def _misused(self, what: str) -> RequestError:
        return RequestError(f"{self.name} {what}; write {self.usage}")


FUNCTIONS: dict[str, Function] = {}
"""All functions, by each of their names."""


def function(
    names: str,
    group: str,
    *parameters: Parameter,
    keeps_extremes: bool = False,
    keeps_unit: bool = True,
    window: Windows | None = None,
    delayed: bool = False,
) -> Callable[[Callable[..., SeriesList]], Callable[..., SeriesList]]:
    """Declare a function under one or more names, separated by spaces; for the other parameters see :class:`Function`."""

    def declare(code: Callable[..., SeriesList]) -> Callable[..., SeriesList]:
        for name in names.split():
            FUNCTIONS[name] = Function(name, group, parameters, code, keeps_extremes, keeps_unit, window, delayed)
        return code

    return declare


def find(name: str) -> Function:
    """Return a function by name; raise a RequestError with the most similar name if there is none."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    by_lower_case = {each.lower(): each for each in FUNCTIONS}
    nearest = difflib.get_close_matches(name[:80].lower(), by_lower_case, 1)
    hint = f"did you mean {by_lower_case[nearest[0]]}?" if nearest else "see /functions for a list"
    raise RequestError(f"unknown function {name[:80]}; {hint}")


_LARGEST = 1e15
_LONGEST = 10_000_000
"""Points of a moving window, at most."""


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | int | None:
    found = number(value)
    return value if found is not None and isinstance(value, int) else found


def _integer(value: Any) -> int | None:
    found = number(value)
    return int(found) if found is not None and found == int(found) and abs(found) <= _LARGEST else None


def _integer_or_infinity(value: Any) -> float | int | None:
    if value == math.inf or (isinstance(value, str) and value.lower() in ("inf", "infinity")):
        return math.inf
    return _integer(value)


def _integer_or_interval(value: Any) -> int | str | None:
    found = _integer(value)
    if found is not None:
        return found if 0 < found <= _LONGEST else None
    return value if isinstance(value, str) and interval(value, "interval") else None


def _boolean(value: Any) -> bool | None:
    return {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower())


def _node_or_tag(value: Any) -> int | str | None:
    return value if isinstance(value, str) else _integer(value)


_KINDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "string": ("a string in quotes", _text),
    "tag": ("a tag's name in quotes", _text),
    "aggOrSeriesFunc": ("an aggregation's name in quotes", _text),
    "float": ("a number", _number),
    "integer": ("a whole number", _integer),
    "node": ("a whole number", _integer),
    "intOrInf": ("a whole number or inf", _integer_or_infinity),
    "intOrInterval": ("a number of points above zero or an interval such as '5min'", _integer_or_interval),
    "nodeOrTag": ("the number of a node or the name of a tag", _node_or_tag),
    "boolean": ("true or false", _boolean),
}


def _shown(value: Any) -> str:
    return "a series" if isinstance(value, (Path, Call)) else shown(value)
