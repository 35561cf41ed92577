"""Faults in the key ``files`` of an instrument or an agent: files on the controller that its container gets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..agent_files import FILES
from ..checks import kind
from ..entries import Entry, is_list

KEY = "files"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*\Z")


def of_entry(place: str, entry: Entry, inventory_directory: Any) -> Iterator[str]:
    """Every fault of the files, and every argument that names one that is not listed."""
    files = entry.get(KEY)
    listed = list(files) if is_list(files) else []
    if files is not None and not is_list(files):
        yield f"{place}.{KEY}: this is {kind(files)}; write a list of files on this computer, for example [curves/still.340]"
    names: dict[str, int] = {}
    for number, file in enumerate(listed):
        where = f"{place}.{KEY}[{number}]"
        if not isinstance(file, str) or not file:
            yield f"{where}: this is {kind(file)}; write the path of a file on this computer, for example curves/still.340"
            continue
        yield from _path_faults(where, file, inventory_directory)
        if (name := Path(file).name) in names:
            yield f"{where}: {name} is already the name of {KEY}[{names[name]}]; rename one of them: they are in one directory"
        names[name] = number
    yield from _missing(place, entry, names)


def _path_faults(place: str, file: str, inventory_directory: Any) -> Iterator[str]:
    path = Path(str(inventory_directory or "")) / file
    if not _NAME.match(path.name):
        yield f"{place}: {path.name!r} is not a possible name here; use letters, digits, '.', '+', '-' and '_'"
    elif not path.is_file():
        yield f"{place}: there is no file {path}; a relative path begins at the directory of the inventory file"


def _missing(place: str, entry: Entry, names: dict[str, int]) -> Iterator[str]:
    arguments = entry.get("arguments")
    words = [word for each in (arguments if is_list(arguments) else ()) if is_list(each) for word in each]
    for word in words:
        directory, _, name = str(word).rpartition("=")[2].rpartition("/")
        if directory == f"/{FILES}" and name not in names:
            yield f"{place}.arguments: {word} is not among {KEY}; add the file on this computer that is to be {name} there"
