"""Which replies a Lake Shore instrument can give to a query: anything else belongs to another query, or is noise.

A reply is one line of printable ASCII. The replies to the queries of socs's drivers have the fields below, separated by
commas; of the reply to any other query only the line is checked.

Sources: the chapters on remote operation of Lake Shore's manuals of the Models 240, 336, 370, 372 and 425. Where the models
differ, a field may be missing, or be a number where another model has an integer.
"""

from __future__ import annotations

import re

IDENTIFY = "*IDN?"

_FIELDS = {
    "n": r"[+-]?(?:\d+\.?\d*|\.\d+|inf|nan)(?:E[+-]?\d+)?",  # a number
    "i": r"[+-]?\d+",  # an integer
    "b": r"[01]",  # off, on
    "s": r"0?[1-9]|1[0-6]",  # an input of the scanner
    "c": r"A|\d+",  # an input, or the control input
    "t": r"[^,]*",  # a text
}

_REPLIES = {
    **dict.fromkeys(("KRDG?", "CRDG?", "FRDG?", "SRDG?", "RDGK?", "RDGR?", "RDGPWR?", "RDGFIELD?"), "n"),
    **dict.fromkeys(("HTR?", "MOUT?", "SETP?", "STILL?", "TLIMIT?"), "n"),
    **dict.fromkeys(("RDGST?", "OPST?", "RAMPST?", "INCRV?", "RANGE?", "HTRRNG?", "CMODE?", "CPOL?", "UNIT?"), "i"),
    "CRVHDR?": "ttini",
    "CRVPT?": "nn(n)",
    "CSET?": "iiiiiin",
    "HTRSET?": "nini",
    "INSET?": "biiii",
    "INTYPE?": "iiiii(i)",
    "OUTMODE?": "ici(iii)",
    "PID?": "nnn",
    "RAMP?": "bn",
    "RDGRNG?": "iiiii",
    "SCAN?": "sb",
}

_ALL_INPUTS = frozenset({"KRDG? 0", "SRDG? 0"})
"""A Model 336 replies to these with its four or eight inputs; other models have no input 0."""

_QUERY = re.compile(r"\s*(\*?[A-Z]+\?)", re.IGNORECASE)
_PRINTABLE = re.compile(r"[ -~]*")
_IDENTITY = re.compile(r"[A-Z][^,]*,[^,]+,[^,]*,[^,]*", re.IGNORECASE)
_ANOTHER_IDENTITY = re.compile(r"[A-Z]+,MODEL.*")


def _pattern(fields: str) -> re.Pattern[str]:
    """Compile a form as in `_REPLIES`; fields in brackets may be missing."""
    parts: list[str] = []
    for letter in fields:
        parts.append({"(": "(?:", ")": ")?"}.get(letter) or f"(?:{',' if parts else ''}\\s*(?:{_FIELDS[letter]})\\s*)")
    return re.compile("".join(parts), re.IGNORECASE)


_PATTERNS = {mnemonic: _pattern(fields) for mnemonic, fields in _REPLIES.items()}
_FOUR_OR_EIGHT = _pattern("nnnn(nnnn)")


def is_query(message: str) -> bool:
    """Whether an instrument replies to a message; a question mark in a parameter, such as a name, does not make it a query."""
    return _QUERY.match(message) is not None


def fits(query: str, reply: str) -> bool:
    """Whether a reply, without its terminator, can be that of a query.

    An identity, ``LSCI,MODEL372,LSA22YG,1.3``, is the reply to ``*IDN?`` only, even where any text is allowed.

    Raises
    ------
    ValueError
        If `query` is not a query.
    """
    if not _PRINTABLE.fullmatch(reply):
        return False
    asked = _QUERY.match(query)
    if asked is None:
        raise ValueError(f"{query!r} is not a query")
    mnemonic = asked[1].upper()
    if mnemonic == IDENTIFY:
        return _IDENTITY.fullmatch(reply) is not None
    pattern = _FOUR_OR_EIGHT if query.strip().upper() in _ALL_INPUTS else _PATTERNS.get(mnemonic)
    if pattern is None:
        return _ANOTHER_IDENTITY.fullmatch(reply) is None
    return pattern.fullmatch(reply) is not None
