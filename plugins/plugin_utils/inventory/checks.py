"""What every part of the inventory is checked by: keys, texts, repeats. Each fault is one sentence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

# A '-' in front would make an option of it on the agents' command lines.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}\Z")
# Quotes end a text in Graphite's targets, Grafana takes "#A" for another query, compose "$A" for a variable.
NOT_IN_TEXT = re.compile(r"[\"'\\,;?#$\x00-\x1f\x7f]")


def written(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that have a value: one with nothing behind it is as good as left out."""
    return {key: value for key, value in entry.items() if value is not None}


def unknown_keys(place: str, entry: Mapping[str, Any], known: Iterable[str]) -> Iterator[str]:
    """Every key that there is not, with the one that was meant."""
    for key in entry:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
            yield f"{place}.{key}: there is no such key; {hint}"


def text_faults(place: str, entry: Mapping[str, Any], key: str) -> Iterator[str]:
    """What is wrong with a text for people."""
    value = entry.get(key, "")
    if not isinstance(value, str):
        yield f"{place}.{key}: {read_as(value)}; put what is written in the file in quotes"
    elif key in entry and not value.strip():
        yield f"{place}.{key}: nothing is written between the quotes; write a few words, or leave {key} out"
    elif len(value) > 80 or NOT_IN_TEXT.search(value):
        yield f"{place}.{key}: at most 80 characters, without quotes, backslash, comma, semicolon, question mark, # and $"
    elif "{{" in value:
        yield f"{place}.{key}: write it without {{{{, where a template of Grafana's begins"


def repeats(entries: Iterable[tuple[str, Mapping]], key: str, fold: Any, advice: str) -> Iterator[str]:
    """Every value of `key` that another entry has, too; `fold` makes alike what counts as the same."""
    first: dict[Any, str] = {}
    for place, entry in entries:
        value = entry.get(key)
        if value is None or value == "":
            continue
        if fold(value) in first:
            yield f"{place}.{key}: {value!r} is also that of {first[fold(value)]}; {advice}"
        else:
            first[fold(value)] = place


def listed(value: Any) -> list:
    """Return a list as it is written, and what stands for a list of one as that."""
    return list(value) if is_list(value) else [value]


def is_true(value: Any) -> bool:
    """Whether it means yes, also as text as ``ansible-playbook -e`` gives it."""
    return str(value).lower() in {"true", "yes", "on", "1"}


def is_list(value: Any) -> bool:
    """Whether it is a list, whoever made it."""
    return isinstance(value, (list, tuple))


def is_web_address(value: Any) -> bool:
    """Whether it is the address of something that speaks HTTP."""
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


def made_plain(value: Any) -> str:
    """Return a name like this one that can be part of a channel's."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", value).strip("_-")[:64] or "ls240"


def read_as(value: Any) -> str:
    """Say what became of something that was to be a text. What was written is lost: YAML makes 42798 of 0123456, and true of on."""
    if isinstance(value, bool):
        return f"without quotes this means {str(value).lower()}"
    return f"without quotes this is the number {value}" if isinstance(value, (int, float)) else f"this is {kind(value)}"


def kind(value: Any) -> str:
    """Say what kind of thing this is."""
    if isinstance(value, bool):
        return "a truth value"
    kinds = ((str, "a text"), (int, "a number"), (float, "a number"), (Mapping, "a mapping"), (list, "a list"))
    return next(
        (kind for type_, kind in kinds if isinstance(value, type_)), "nothing" if value is None else "something else"
    )
