"""Check a backup of Grafana by nothing of livemon's, and make two bad ones of it.

``check_backup.py BACKUP UID CUT BROKEN``: BACKUP holds the dashboard UID, in its database and as JSON, and a database of one moment.
CUT becomes its first half; BROKEN a backup that is whole, with a database that Grafana cannot start with.
"""

import hashlib
import io
import json
import sqlite3
import sys
import tarfile
import tempfile
from pathlib import Path


def main(backup: Path, uid: str, cut: Path, broken: Path) -> None:
    """Check `backup`, write `cut` and `broken`."""
    with tarfile.open(backup) as tar:
        contents = {entry.name: tar.extractfile(entry).read() for entry in tar}
    model = json.loads(contents[f"json/dashboards/{uid}.json"])["dashboard"]
    assert model["tags"] == ["kept"], model
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "grafana.db"
        path.write_bytes(contents["grafana.db"])
        database = sqlite3.connect(path)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM dashboard WHERE uid = ?", (uid,)).fetchone() == (1,)
        if database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'writes'").fetchone() == (1,):
            count, first, last = database.execute("SELECT count(*), min(number), max(number) FROM writes").fetchone()
            assert (first, last) == (1, count), f"of the writes {first} to {last} there are {count}"
            assert count > 100, "the database was not being written to"
        database.executescript("PRAGMA journal_mode = DELETE; DROP TABLE user; CREATE TABLE user (unknown TEXT)")
        database.close()
        contents["grafana.db"] = path.read_bytes()
    cut.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    manifest = json.loads(contents["manifest.json"])
    manifest["files"]["grafana.db"] = hashlib.sha256(contents["grafana.db"]).hexdigest()
    contents["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(broken, "w:gz") as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
