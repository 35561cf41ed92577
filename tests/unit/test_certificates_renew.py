"""The program that renews the certificates restarts exactly the containers that would go on showing the former one."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from paths import ROOT

STARTED = dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.UTC)
DOCKER = """#!/bin/sh
case $1 in
    run) echo "renewed" ;;
    ps) [ -z "$LABEL" ] || echo "sisock_grafana $LABEL" ;;
    inspect) echo "{started}" ;;
    restart) echo "$2" >>"$HERE/restarted" ;;
esac
"""


@pytest.mark.parametrize(
    ("has_label", "age", "restarted"),
    [
        (True, dt.timedelta(minutes=1), ["sisock_grafana"]),
        (True, dt.timedelta(minutes=-1), []),
        (False, dt.timedelta(minutes=1), []),
    ],
    ids=["its certificate is newer than its start", "it has the certificate", "it sees a new one by itself"],
)
def test_a_container_that_reads_its_certificate_once_is_restarted_for_a_newer_one(
    tmp_path: Path, has_label, age, restarted
):
    certificate = tmp_path / "server.crt"
    certificate.touch()
    os.utime(certificate, ((STARTED + age).timestamp(),) * 2)
    (tmp_path / "docker").write_text(DOCKER.format(started=STARTED.isoformat()))
    (tmp_path / "docker").chmod(0o755)
    shutil.copy(ROOT / "roles/certificates/files/renew", tmp_path)
    (tmp_path / "settings").write_text("run='docker run'\nimage=livemon/app:1\n")
    done = subprocess.run(
        [tmp_path / "renew"],
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "HERE": str(tmp_path),
            "LABEL": str(certificate) if has_label else "",
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    said = [f"restarted {name}, which reads {certificate} only when it starts" for name in restarted]
    assert done.stdout.splitlines() == ["renewed", *said]
    log = tmp_path / "restarted"
    assert (log.read_text().split() if log.exists() else []) == restarted
