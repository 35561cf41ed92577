"""Samples as comma-separated values, for spreadsheets and pandas (RFC 4180, UTF-8)."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterator, Sequence

import numpy as np
from flask import Response
from numpy.typing import NDArray

from livemon.bridge.catalogue import Field
from livemon.bridge.limits import MAX_SAMPLES
from livemon.bridge.source import NO_SAMPLES, Answer, Samples, Source
from livemon.bridge.times import DEFAULT_POINTS
from livemon.errors import RequestError
from livemon.series.envelope import EVERY

FIRST_PART, LONGEST_PART = 3600.0, 86400.0
"""Seconds of the first part, and of a part at most: how dense samples are is known only once they have been read."""
MOST_SECONDS = 2_000_000
"""Seconds of a part times its channels, at most: the number of samples at 1 Hz."""
FEW = 50_000
"""Samples of a part; after a part with fewer, the next one is longer."""
PATIENCE = 30.0
"""Seconds that reading may take."""
LESS = "ask for a shorter time, fewer channels, or a limited number of points per channel: points=1000"
ROWS = 2000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def every_sample(source: Source, fields: Sequence[Field], start: float, end: float) -> Answer:
    """Return every sample of `fields` in ``[start, end)``, read in parts that are not too large for any node.

    Raises
    ------
    RequestError
        If there are more than one answer may hold, or reading takes too long.
    """
    outline = source.fetch(fields, start, end, DEFAULT_POINTS)
    begins = [times[0] for times, _ in outline.series.values() if times.size]
    if not begins:
        return outline
    # A point of the outline may stand for samples before it, of less than two buckets; a bucket is less than four strides wide.
    begin = max(start, float(min(begins)) - 8 * (end - start) / DEFAULT_POINTS)
    longest = min(LONGEST_PART, MOST_SECONDS / len(fields))
    length = min(FIRST_PART, longest)
    parts: dict[Field, list[Samples]] = {each: [] for each in fields}
    silent = dict.fromkeys(outline.silent)
    number, deadline = 0, time.monotonic() + PATIENCE
    while begin < end:
        until = min(begin + length, end)
        answer = source.fetch(fields, begin, until, EVERY)
        found = sum(times.size for times, _ in answer.series.values())
        number += found
        if number > MAX_SAMPLES:
            raise RequestError(f"these channels have more than {MAX_SAMPLES} samples in that time; {LESS}")
        if time.monotonic() > deadline:
            raise RequestError(f"reading all samples takes longer than {PATIENCE:g} s; {LESS}")
        for each, samples in answer.series.items():
            parts[each].append(samples)
        silent |= dict.fromkeys(answer.silent)
        begin = until
        if found < FEW:
            length = min(2 * length, longest)
    return Answer({each: _joined(samples) for each, samples in parts.items()}, list(silent))


def csv_response(columns: Sequence[tuple[str, Samples]], filename: str) -> Response:
    """Return a table whose first columns are the time in UNIX seconds and in ISO 8601 (UTC); it is made while it is sent.

    Parameters
    ----------
    columns
        Title and ``(times, values)`` of each. A cell is empty where a series has no sample at that time, and `nan` where it has a
        sample without a value.
    filename
        Suggested to the browser.
    """
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(_lines(columns), headers=headers, content_type="text/csv; charset=utf-8")


def title(name: str, field: Field, *, envelope: bool = False) -> str:
    """Return the title of a channel's column: its name as in the request, its label, and its unit in brackets.

    It also says if the column is an `envelope`: smallest and largest values instead of every sample.
    """
    words = [name, field.label, field.units and f"({field.units})", "smallest and largest values" if envelope else ""]
    return " ".join(word for word in words if word)


def harmless(text: str) -> str:
    """Return a text in one line that no spreadsheet interprets as a formula.

    Source: OWASP, "CSV Injection".
    """
    text = _CONTROL.sub(" ", text).encode("utf-8", "replace").decode()
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) else text  # noqa: RUF001


def _joined(samples: Sequence[Samples]) -> Samples:
    if not samples:
        return NO_SAMPLES
    times, values = zip(*samples, strict=True)
    return np.concatenate(times), np.concatenate(values)


def _lines(columns: Sequence[tuple[str, Samples]]) -> Iterator[str]:
    head = io.StringIO()
    csv.writer(head).writerow(["unix_seconds", "utc", *(harmless(head) for head, _ in columns)])
    yield head.getvalue()
    times = np.unique(np.concatenate([times for _, (times, _) in columns]))
    for first in range(0, times.size, ROWS):
        yield "".join(_rows(times[first : first + ROWS], [samples for _, samples in columns]))


def _rows(times: NDArray[np.float64], series: Sequence[Samples]) -> Iterator[str]:
    moments = np.datetime_as_string(np.rint(times * 1e6).astype("datetime64[us]"), timezone="UTC")
    columns = [list(map(repr, times.tolist())), moments, *(_cells(times, *each) for each in series)]
    for row in zip(*columns, strict=True):
        yield ",".join(row) + "\r\n"


def _cells(rows: NDArray[np.float64], times: NDArray[np.float64], values: NDArray[np.float64]) -> list[str]:
    cells = [""] * rows.size
    first, last = np.searchsorted(times, (rows[0], rows[-1]), "left")
    within = slice(first, last + 1 if last < times.size and times[last] == rows[-1] else last)
    for position, value in zip(np.searchsorted(rows, times[within]).tolist(), values[within].tolist(), strict=True):
        cells[position] = repr(value)
    return cells
