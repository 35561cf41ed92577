"""What PyYAML complains of, in words for somebody who does not know YAML's grammar, with the lines that are meant.

The complaints are those of PyYAML's own scanner and parser (``yaml/scanner.py``, ``yaml/parser.py``), whose wording is the same in
releases 5.1 to 6.0. libyaml, by which Ansible reads, words them otherwise, and reads some tabs that PyYAML does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import yaml

Place = tuple[int, str]
"""A line, from 0, and what is wrong with it."""

_MARKS = re.compile(r"(<{7}|={7}|>{7})( |\Z)")
_CLOSING = {"'}'": "}", "']'": "]"}


def explained(text: str, error: yaml.YAMLError) -> str:
    """Return ``, line 9: what is wrong and what to type instead``, and below it that line and the one before."""
    lines = text.splitlines()
    line, sentence = _conflict(lines) or _place(lines, _by_pyyaml(text) or error)
    line = min(line, max(len(lines) - 1, 0))
    return f", line {line + 1}: {sentence}{_shown(lines, line)}"


def _by_pyyaml(text: str) -> yaml.YAMLError | None:
    try:
        yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        return error
    return None


def _shown(lines: Sequence[str], line: int) -> str:
    around = range(max(line - 1, 0), min(line + 1, len(lines)))
    return "".join(f"\n      {number + 1:>4} | {lines[number].replace(chr(9), '→')}" for number in around)


def _conflict(lines: Sequence[str]) -> Place | None:
    """Find what git leaves where two people changed the same lines."""
    marked = next((number for number, line in enumerate(lines) if _MARKS.match(line)), None)
    return (
        None
        if marked is None
        else (marked, "git could not merge two changes here; leave one of them, without git's marks")
    )


def _place(lines: Sequence[str], error: yaml.YAMLError) -> Place:
    if isinstance(error, yaml.reader.ReaderError):
        return _line_of(
            lines, error.position
        ), "this character cannot stand in YAML; delete it, or write it as \\x.. in double quotes"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return 0, f"YAML says: {' '.join(str(error).split())}"
    problem = str(error.problem)
    for pattern, explain in _EXPLANATIONS:
        if found := re.search(pattern, f"{error.context or ''}; {problem}"):
            return explain(lines, error, found)
    return error.problem_mark.line, f"YAML says: {problem}"


def _line_of(lines: Sequence[str], position: int) -> int:
    for number, line in enumerate(lines):
        position -= len(line) + 1
        if position < 0:
            return number
    return len(lines) - 1


def _here(sentence: str) -> Callable[..., Place]:
    """Say it of the line where reading ended, with what the pattern found."""
    return lambda _lines, error, found: (error.problem_mark.line, sentence.format(*found.groups()))


def _at_begin(sentence: str) -> Callable[..., Place]:
    """Say it of the line where that which was being read begins."""
    return lambda _lines, error, _found: ((error.context_mark or error.problem_mark).line, sentence)


def _second_colon(lines: Sequence[str], error: yaml.MarkedYAMLError, _found: re.Match) -> Place:
    line, column = error.problem_mark.line, error.problem_mark.column
    before = _line_before(lines, line)
    if ": " in lines[line][:column]:
        return line, "a text that has a colon and a space in it must be in quotes"
    if before is not None and re.match(r"\s*-[^\s-]", lines[before]):
        return before, "a space is missing behind the dash"
    if re.match(r"\s*-[^\s-]", lines[line]):
        return line, "a space is missing behind the dash"
    if before is not None and _indent(lines[line]) > _indent(lines[before]):
        return (
            line,
            f"this line is indented more deeply than line {before + 1}, which has its value already; write one under the other",
        )
    return line, "there cannot be a colon here; is the line indented like its neighbours?"


def _no_colon(lines: Sequence[str], error: yaml.MarkedYAMLError, _found: re.Match) -> Place:
    line = (error.context_mark or error.problem_mark).line
    if re.match(r"\s*(- +)?[\w-]+:\S", lines[line]):
        return line, "a space is missing behind the colon"
    return line, "a colon is missing; write name: value"


def _out_of_line(lines: Sequence[str], error: yaml.MarkedYAMLError, found: re.Match) -> Place:
    line, begin = error.problem_mark.line, error.context_mark
    if found[1] in _CLOSING:
        return line, f"there is a {_CLOSING[found[1]]} too many"
    if found[1] == "'<scalar>'":
        return line, "something follows behind the end of a value; put the whole value in quotes"
    first, indent = begin.line + 1, error.problem_mark.column
    if error.context == "while parsing a block collection":
        return line, (
            f"this line has no dash, and so belongs to an entry of the list that begins in line {first}: "
            f"indent it by {begin.column + 2} spaces, under the entry's first word"
        )
    if found[1] == "'-'":
        return line, f"this line has a dash, and line {first} above it has none; every entry of a list begins with one"
    return (
        line,
        f"this line is indented by {indent} spaces, and those that it belongs to, from line {first} on, by {begin.column}",
    )


def _not_closed(_lines: Sequence[str], error: yaml.MarkedYAMLError, found: re.Match) -> Place:
    opening = {"'}'": "{", "']'": "["}[found[1]]
    colon = ", or a text with a colon or # in it is not in quotes" if "':'" in str(error.problem) else ""
    return error.context_mark.line, f"the {opening} here is not closed, or a comma is missing{colon}"


_EXPLANATIONS: tuple[tuple[str, Callable[..., Place]], ...] = (
    (
        r"found character '\\t'",
        _here("there is a tab (→) in this line; YAML takes spaces only: replace each tab with spaces"),
    ),
    (r"found character '(.)' that cannot start", _here("a text that begins with {0} must be in quotes")),
    (r"mapping values are not allowed", _second_colon),
    (r"could not find expected ':'", _no_colon),
    (r"expected <block end>, but found (.+)", _out_of_line),
    (r"expected ',' or ('.')", _not_closed),
    (
        r"expected the node content, but found '<stream end>'",
        _here("the file ends within a [ or a {{ that is not closed"),
    ),
    (r"flow.*expected the node content, but found '-'", _at_begin("between [ ] or { } a list has commas, not dashes")),
    (r"expected the node content, but found '(.)'", _here("a text that begins with {0} must be in quotes")),
    (
        r"sequence entries are not allowed",
        _here("a list begins in the line below its name; a text that begins with - must be in quotes"),
    ),
    (r"found unexpected ':'", _here("a space is missing behind the colon")),
    (
        r"found unexpected (end of stream|document separator)",
        _at_begin("the quote that begins in this line is not closed"),
    ),
    (r"scanning an alias|undefined alias", _here("a text that begins with * must be in quotes")),
    (r"scanning an anchor", _here("a text that begins with & must be in quotes")),
    (
        r"unknown escape character",
        _here("a backslash in double quotes has a meaning of its own; write the text in single quotes"),
    ),
    (
        r"found another document",
        _here("--- begins a second document, and an inventory file has one; leave the line out"),
    ),
)


def _line_before(lines: Sequence[str], line: int) -> int | None:
    """Return the last line before this one that is not empty or a comment."""
    return next(
        (
            number
            for number in range(line - 1, -1, -1)
            if lines[number].strip() and not lines[number].lstrip().startswith("#")
        ),
        None,
    )


def _indent(line: str) -> int:
    """Return where the first word of a line begins, behind a dash."""
    return len(line) - len(re.sub(r"^\s*(- +)*", "", line))
