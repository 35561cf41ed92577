"""Checks that every part of the inventory shares: lists, keys, texts, repeats. Each fault is one sentence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from .entries import Entry

Placed = tuple[str, Entry]
"""An entry behind its place in the inventory: ``instruments[0] (id ls240)``."""

# A '-' at the beginning would make it an option on the agents' command lines.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}\Z")
# Quotes end a string in Graphite's targets, Grafana reads "#A" as another query, compose "$A" as a variable.
NOT_IN_TEXT = re.compile(r"[\"'\\,;?#$\x00-\x1f\x7f]")


def placed(key: str, value: Any) -> list[Placed]:
    """Return the entries of the list `value`, the setting `key`, without those that are not mappings."""
    return [
        (f"{key}[{number}]{_identity(entry)}", entry)
        for number, entry in enumerate(value if _is_iterable(value) else ())
        if isinstance(entry, Mapping)
    ]


def list_faults(key: str, value: Any, example: str) -> Iterator[str]:
    """Every fault of the setting `key` as a list of mappings; `example` is one of them."""
    if value is not None and not _is_iterable(value):
        yield f"{key}: this is {kind(value)}, not a list; write one line for each, starting with '- {example}'"
    for number, entry in enumerate(value if _is_iterable(value) else ()):
        if not isinstance(entry, Mapping):
            yield f"{key}[{number}]: this is {kind(entry)}; write {example}"


def _is_iterable(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, Mapping))


def _identity(entry: Entry) -> str:
    return next((f" ({key} {entry[key]})" for key in ("id", "name") if entry.get(key)), "")


def unknown_keys(place: str, entry: Entry, known: Collection[str]) -> Iterator[str]:
    """Every key that does not exist, with the one that was meant."""
    for key in entry:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
            yield f"{place}.{key}: unknown key; {hint}"


def text_faults(place: str, entry: Entry, key: str) -> Iterator[str]:
    """Every fault of a text that people read."""
    value = entry.get(key, "")
    if not isinstance(value, str):
        yield f"{place}.{key}: {read_as(value)}; put what is written in the file in quotes"
    elif key in entry and not value.strip():
        yield f"{place}.{key}: this text is empty; write a few words, or leave {key} out"
    elif len(value) > 80 or NOT_IN_TEXT.search(value):
        yield f"{place}.{key}: use at most 80 characters, without quotes, backslash, comma, semicolon, question mark, # or $"
    elif "{{" in value:
        yield f"{place}.{key}: leave out {{{{, which starts a Grafana template"


def repeats(entries: Iterable[Placed], key: str, fold: Callable[[Any], str], advice: str) -> Iterator[str]:
    """Every value of `key` that an earlier entry has as well; `fold` makes values alike that count as the same."""
    first: dict[str, str] = {}
    for place, entry in entries:
        value = entry.get(key)
        if value is None or value == "":
            continue
        if fold(value) in first:
            yield f"{place}.{key}: {value!r} is already used by {first[fold(value)]}; {advice}"
        else:
            first[fold(value)] = place


def is_web_address(value: Any) -> bool:
    """Whether it is a URL of HTTP or HTTPS."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        return (
            parts is not None
            and parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and value.isascii()
            and value.isprintable()
            and " " not in value
        )
    except ValueError:
        return False


def suggested_name(value: str) -> str:
    """Return a name like this one that can be part of a channel's."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", value).strip("_-")[:64] or "ls240"


def read_as(value: Any) -> str:
    """Say how YAML read what should have been text. What was typed is lost: 0123456 becomes 42798, and on becomes true."""
    if isinstance(value, bool):
        return f"without quotes this means {str(value).lower()}"
    return f"without quotes this is the number {value}" if isinstance(value, (int, float)) else f"this is {kind(value)}"


def kind(value: Any) -> str:
    """Say what kind of value this is."""
    if isinstance(value, bool):
        return "a boolean"
    kinds = ((str, "text"), (int, "a number"), (float, "a number"), (Mapping, "a mapping"), (list, "a list"))
    return next(
        (kind for type_, kind in kinds if isinstance(value, type_)), "empty" if value is None else "something else"
    )
