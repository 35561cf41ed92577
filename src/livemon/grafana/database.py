"""Grafana's database: a copy of it while it is written to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from livemon.errors import BackupError

SECONDS_FOR_A_LOCK = 60.0


def copy(source: Path, target: Path) -> None:
    """Copy the database `source`, which others may be writing to, to `target`: one file, of one moment, checked.

    SQLite's own online backup in one step (https://www.sqlite.org/backup.html): it takes what stands in the
    write-ahead log, too, which a copy of the file would miss.

    Raises
    ------
    BackupError
        If there is no database, or it is damaged.
    """
    if not source.exists():
        raise BackupError(f"{source} is missing: Grafana has not been started here yet")
    try:
        with closing(_open(source, "rw")) as original, closing(sqlite3.connect(target)) as duplicate:
            original.backup(duplicate)
            duplicate.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be copied: {error}") from error
    check(target)


def check(path: Path) -> None:
    """See that a database is whole.

    Raises
    ------
    BackupError
        If it is not.
    """
    try:
        with closing(_open(path, "ro")) as database:
            verdict = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        raise BackupError(f"the database {path.name} is damaged: {verdict}")


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=SECONDS_FOR_A_LOCK)
