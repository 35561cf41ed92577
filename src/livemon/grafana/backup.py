"""A backup of Grafana: one archive that brings everything back, also onto an empty machine.

::

    manifest.json      {"format", "made", "host", "grafana", "files": {name: SHA-256}, "left_out": {name: reason}}
    grafana.db         the database of one moment: dashboards, folders, alarms, users, settings
    secrets/<name>     what Grafana's secrets in it are encrypted with, and the administrator's password
    json/...           livemon.grafana.export, for people and git; json/silences.json may know more than the database
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livemon.errors import BackupError, GrafanaError
from livemon.files import write_private
from livemon.grafana import database, export
from livemon.grafana.client import Grafana, release
from livemon.installation.secret_store import Copy, ensure

FORMAT = 1
DATABASE = "grafana.db"
MANIFEST = "manifest.json"
SECRETS = ("admin", "grafana_secret_key")
READER = "grafana"
ASIDE = "before-restore"
OF_THE_DATABASE = (
    DATABASE,
    *(f"{DATABASE}-{part}" for part in ("wal", "shm", "journal")),
    "alerting",
    "unified-search",
)
"""What has to go with the database when it goes: its logs, the silences and messages sent of Grafana 9 and 10, the search
index of Grafana 12 and newer.
"""


@dataclass(frozen=True)
class Saved:
    """A backup that was made: its file, and what Grafana did not give for it."""

    path: Path
    left_out: dict[str, str]


def save(
    data: Path, secrets: Path, output: Path, grafana: Grafana, *, host: str, now: dt.datetime | None = None
) -> Saved:
    """Write an archive of everything to ``<output>/<UTC time>.tar.gz``, readable by its owner alone.

    Grafana goes on meanwhile. Where it does not answer as it should, the archive has no JSON, and says so.

    Parameters
    ----------
    data
        Grafana's data directory.
    secrets
        The secrets that Grafana reads.
    output
        The directory of the archive.
    host
        Whose backup it is.
    now
        UTC; the present by default.

    Raises
    ------
    BackupError
        If the database or a secret is missing or damaged.
    """
    now = now or dt.datetime.now(dt.UTC)
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=output) as scratch:
        copied = Path(scratch) / DATABASE
        database.copy(data / DATABASE, copied)
        contents = {DATABASE: copied.read_bytes()}
    for name in SECRETS:
        contents[f"secrets/{name}"] = _read_secret(secrets / name)
    version = None
    try:
        version = grafana.version()
        contents |= {f"json/{name}": content for name, content in export.documents(grafana, left_out)}
    except GrafanaError as error:
        left_out["json"] = str(error)
    manifest = {
        "format": FORMAT,
        "made": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "host": host,
        "grafana": version,
        "files": {name: _digest(content) for name, content in contents.items()},
        "left_out": left_out,
    }
    path = output / f"{now:%Y%m%dT%H%M%SZ}.tar.gz"
    write_private(path, _packed({MANIFEST: json.dumps(manifest, indent=2).encode()} | contents, now))
    return Saved(path, left_out)


def check(archive: Path, version: str = "") -> dict[str, Any]:
    """Return the manifest of an archive that is whole, and fit for a Grafana of this version (empty: not known).

    Raises
    ------
    BackupError
        If it is missing, damaged, no backup of ours, of a newer format or of a newer Grafana.
    """
    return _read(archive, version)[0]


def silences(archive: Path) -> list[dict[str, Any]]:
    """Return the silences that Grafana listed when the archive was made; empty where it did not answer then.

    Raises
    ------
    BackupError
        As from :func:`check`.
    """
    listed: list[dict[str, Any]] = json.loads(_read(archive)[1].get(f"json/{export.SILENCES}", b"[]"))
    return listed


def restore(archive: Path, data: Path, secrets: Path, owner: int) -> dict[str, Any]:
    """Put the archive's database and secrets into the place of the present ones, and return its manifest.

    Grafana must not be running. What was there is kept below ``before-restore``, for :func:`rollback` or a person, until
    the next restore.

    Parameters
    ----------
    data
        Grafana's data directory.
    secrets
        The installation's secrets, masters and copies.
    owner
        Grafana's uid.

    Raises
    ------
    BackupError
        As from :func:`check`. Nothing is changed by one that fails, whatever it fails of.
    """
    manifest, contents = _read(archive)
    aside = data / ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(secrets / ASIDE, ignore_errors=True)
    aside.mkdir(mode=0o700)
    (secrets / ASIDE).mkdir(mode=0o700)
    _chown(aside, owner)
    try:
        _swap(contents, data, secrets, owner)
    except BaseException:
        rollback(data, secrets, owner)
        raise
    return manifest


def rollback(data: Path, secrets: Path, owner: int) -> None:
    """Undo the last :func:`restore`. Grafana must not be running.

    Raises
    ------
    BackupError
        If there is nothing to go back to.
    """
    aside = data / ASIDE
    if not aside.exists():
        raise BackupError(f"{aside} is missing: there is nothing to go back to")
    for name in OF_THE_DATABASE:
        _remove(data / name)
    for path in aside.iterdir():
        path.replace(data / path.name)
    aside.rmdir()
    kept = secrets / ASIDE
    for path in kept.iterdir():
        path.replace(secrets / "master" / path.name)
    kept.rmdir()
    _give(secrets, owner)


def _swap(contents: dict[str, bytes], data: Path, secrets: Path, owner: int) -> None:
    masters = secrets / "master"
    for name in SECRETS:
        if (masters / name).exists():
            (masters / name).replace(secrets / ASIDE / name)
        write_private(masters / name, contents[f"secrets/{name}"])
    for name in OF_THE_DATABASE:
        if (data / name).exists():
            (data / name).replace(data / ASIDE / name)
    write_private(data / DATABASE, contents[DATABASE], owner)
    (data / DATABASE).chmod(0o640)
    _give(secrets, owner)


def _give(secrets: Path, owner: int) -> None:
    for _ in ensure(secrets, [Copy(name, READER, owner) for name in SECRETS]):
        pass


def _read(archive: Path, version: str = "") -> tuple[dict[str, Any], dict[str, bytes]]:
    if not archive.exists():
        raise BackupError(f"there is no backup {archive}")
    try:
        with tarfile.open(archive, "r:gz") as tar:
            contents = {entry.name: content.read() for entry in tar if (content := tar.extractfile(entry)) is not None}
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise BackupError(f"the backup {archive.name} is damaged, or is not a backup: {error}") from error
    manifest = _manifest(archive, contents.pop(MANIFEST, b""))
    changed = [name for name, digest in manifest["files"].items() if _digest(contents.get(name, b"")) != digest]
    needed = {DATABASE, *(f"secrets/{name}" for name in SECRETS)}
    changed += sorted(needed - set(contents))
    if changed:
        raise BackupError(f"the backup {archive.name} is damaged: {', '.join(dict.fromkeys(changed))}")
    _check_database(contents[DATABASE])
    made_by = manifest.get("grafana") or ""
    if release(version) and release(made_by)[:2] > release(version)[:2]:
        raise BackupError(
            f"the backup {archive.name} is of Grafana {made_by}, and this is {version}, which cannot read a newer one's "
            "database: set grafana_image to that version or a newer one and run playbooks/site.yml first"
        )
    return manifest, contents


def _manifest(archive: Path, content: bytes) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(content)
        made_by_newer, _ = manifest["format"] > FORMAT, manifest["files"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(
            f"{archive.name} is not a backup made by livemon: it has no readable {MANIFEST}; name a file that "
            "playbooks/backup.yml made"
        ) from error
    if made_by_newer:
        raise BackupError(
            f"the backup {archive.name} was made by a newer livemon: bring this one up to date and try again"
        )
    return manifest


def _check_database(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / DATABASE
        path.write_bytes(content)
        database.check(path)


def _read_secret(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BackupError(f"the secret {path} cannot be read ({error.strerror}): run playbooks/site.yml") from error


def _packed(contents: dict[str, bytes], now: dt.datetime) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(now.timestamp())
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _chown(path: Path, owner: int) -> None:
    if os.geteuid() == 0:
        os.chown(path, owner, owner)
