"""PyYAML's errors in words for people who do not know YAML's grammar, with the lines in question.

The errors are those of PyYAML's own scanner and parser (``yaml/scanner.py``, ``yaml/parser.py``), whose wording is the same in
releases 5.1 to 6.0. libyaml, which Ansible uses, words them differently, and accepts some tabs that PyYAML does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import yaml

Place = tuple[int, str]
"""A line, from 0, and what is wrong with it."""
Explanation = Callable[[Sequence[str], "Error", re.Match[str]], Place]
"""Makes a place of the lines of a text, an error, and what its pattern has found."""

_MARKS = re.compile(r"(<{7}|={7}|>{7})( |\Z)")
_CLOSING = {"'}'": "}", "']'": "]"}


@dataclass(frozen=True)
class Error:
    """An error with its marks: where reading ended (`end`), and where that which was being read starts (`start`)."""

    problem: str
    context: str
    end: yaml.Mark
    start: yaml.Mark


def explained(text: str, error: yaml.YAMLError) -> str:
    """Return ``, line 9: what is wrong and what to write instead``, and below it that line and the one before."""
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
    """Find git's conflict markers."""
    marked = next((number for number, line in enumerate(lines) if _MARKS.match(line)), None)
    return (
        None
        if marked is None
        else (marked, "git could not merge two changes here; keep one of them, without the conflict markers")
    )


def _place(lines: Sequence[str], error: yaml.YAMLError) -> Place:
    if isinstance(error, yaml.reader.ReaderError):
        return _line_of(
            lines, error.position
        ), "this character is not allowed in YAML; delete it, or write it as \\x.. in double quotes"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return 0, f"YAML says: {' '.join(str(error).split())}"
    marked = Error(
        str(error.problem), error.context or "", error.problem_mark, error.context_mark or error.problem_mark
    )
    for pattern, explain in _EXPLANATIONS:
        if found := re.search(pattern, f"{marked.context}; {marked.problem}"):
            return explain(lines, marked, found)
    return marked.end.line, f"YAML says: {marked.problem}"


def _line_of(lines: Sequence[str], position: int) -> int:
    for number, line in enumerate(lines):
        position -= len(line) + 1
        if position < 0:
            return number
    return len(lines) - 1


def _here(sentence: str) -> Explanation:
    """Say it about the line where reading ended, with what the pattern has found."""
    return lambda _lines, error, found: (error.end.line, sentence.format(*found.groups()))


def _at_start(sentence: str) -> Explanation:
    """Say it about the line where that which was being read starts."""
    return lambda _lines, error, _found: (error.start.line, sentence)


def _second_colon(lines: Sequence[str], error: Error, _found: re.Match[str]) -> Place:
    line, column = error.end.line, error.end.column
    before = _line_before(lines, line)
    if ": " in lines[line][:column]:
        return line, "text that contains a colon and a space must be in quotes"
    if before is not None and re.match(r"\s*-[^\s-]", lines[before]):
        return before, "a space is missing after the dash"
    if re.match(r"\s*-[^\s-]", lines[line]):
        return line, "a space is missing after the dash"
    if before is not None and _indent(lines[line]) > _indent(lines[before]):
        return (
            line,
            f"this line is indented more deeply than line {before + 1}, which already has its value; align them",
        )
    return line, "a colon is not allowed here; is the line indented like its neighbours?"


def _no_colon(lines: Sequence[str], error: Error, _found: re.Match[str]) -> Place:
    line = error.start.line
    if re.match(r"\s*(- +)?[\w-]+:\S", lines[line]):
        return line, "a space is missing after the colon"
    return line, "a colon is missing; write name: value"


def _out_of_line(lines: Sequence[str], error: Error, found: re.Match[str]) -> Place:
    line, start = error.end.line, error.start
    if found[1] in _CLOSING:
        return line, f"there is one {_CLOSING[found[1]]} too many"
    if found[1] == "'<scalar>'":
        return line, "something follows the end of a value; put the whole value in quotes"
    first, indent = start.line + 1, error.end.column
    if error.context == "while parsing a block collection":
        return line, (
            f"this line has no dash, and so belongs to an entry of the list that starts in line {first}: "
            f"indent it by {start.column + 2} spaces, under the first word of the entry"
        )
    if found[1] == "'-'":
        return line, f"this line has a dash, but line {first} above it has none; every entry of a list starts with one"
    return (
        line,
        f"this line is indented by {indent} spaces, but those that it belongs to, from line {first} on, by {start.column}",
    )


def _not_closed(_lines: Sequence[str], error: Error, found: re.Match[str]) -> Place:
    opening = {"'}'": "{", "']'": "["}[found[1]]
    colon = ", or text with a colon or # in it is not in quotes" if "':'" in error.problem else ""
    return error.start.line, f"the {opening} here is not closed, or a comma is missing{colon}"


_EXPLANATIONS: tuple[tuple[str, Explanation], ...] = (
    (
        r"found character '\\t'",
        _here("there is a tab (→) in this line; YAML allows only spaces: replace each tab with spaces"),
    ),
    (r"found character '(.)' that cannot start", _here("text that starts with {0} must be in quotes")),
    (r"mapping values are not allowed", _second_colon),
    (r"could not find expected ':'", _no_colon),
    (r"expected <block end>, but found (.+)", _out_of_line),
    (r"expected ',' or ('.')", _not_closed),
    (
        r"expected the node content, but found '<stream end>'",
        _here("the file ends within a [ or a {{ that is not closed"),
    ),
    (r"flow.*expected the node content, but found '-'", _at_start("between [ ] or { } a list has commas, not dashes")),
    (r"expected the node content, but found '(.)'", _here("text that starts with {0} must be in quotes")),
    (
        r"sequence entries are not allowed",
        _here("a list starts on the line below its name; text that starts with - must be in quotes"),
    ),
    (r"found unexpected ':'", _here("a space is missing after the colon")),
    (
        r"found unexpected (end of stream|document separator)",
        _at_start("the quote that starts in this line is not closed"),
    ),
    (r"scanning an alias|undefined alias", _here("text that starts with * must be in quotes")),
    (r"scanning an anchor", _here("text that starts with & must be in quotes")),
    (
        r"unknown escape character",
        _here("a backslash in double quotes has a meaning of its own; write the text in single quotes"),
    ),
    (
        r"found another document",
        _here("--- starts a second document, and an inventory file has only one; leave the line out"),
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
    """Return where the first word of a line starts, after a dash."""
    return len(line) - len(re.sub(r"^\s*(- +)*", "", line))
