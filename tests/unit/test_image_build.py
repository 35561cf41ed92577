"""What is brought to a machine that builds the images itself, and how the build is told of proxies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile

import pytest
from paths import ROOT

TAGS = ROOT / "files/images/tags.py"


def files_of(image: str) -> set[str]:
    return set(
        subprocess.run(
            [sys.executable, TAGS, "--files", image], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_the_archive_holds_what_builds_the_images_and_what_they_are_made_of(tmp_path):
    archive = tmp_path / "context.tar.gz"
    subprocess.run([sys.executable, TAGS, "--archive", archive], check=True)
    with tarfile.open(archive) as packed:
        names = set(packed.getnames())
        packed.extractall(tmp_path / "copy", filter="data")
    assert names > files_of("app") | files_of("router") | files_of("base") | {"files/images/build.sh"}
    assert not {name for name in names if name.endswith(".pyc") or "/vendor/" in name}
    here = subprocess.run([sys.executable, TAGS], capture_output=True, text=True, check=True).stdout
    there = subprocess.run(
        [sys.executable, tmp_path / "copy/files/images/tags.py"], capture_output=True, text=True, check=True
    )
    assert there.stdout == here


def test_a_build_takes_its_environment_as_it_is_written_and_logs_what_it_says(tmp_path):
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(f"#!/bin/sh\nenv >{tmp_path}/environment\nexit 1\n")
    docker.chmod(0o755)
    (tmp_path / "proxy.env").write_text("# made by livemon\nHTTPS_PROXY=http://user:$p&a'ss @proxy:3128\nNO_PROXY=\n")
    command = [
        "bash",
        ROOT / "files/images/build.sh",
        "--environment",
        tmp_path / "proxy.env",
        "--log",
        tmp_path / "log",
        "app",
    ]
    path = f"{docker.parent}:{os.environ['PATH']}"
    answer = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "no Docker engine answers" in answer.stdout
    assert (tmp_path / "log").read_text() == answer.stdout
    environment = (tmp_path / "environment").read_text().splitlines()
    assert {"HTTPS_PROXY=http://user:$p&a'ss @proxy:3128", "NO_PROXY="} <= set(environment)


@pytest.mark.parametrize("wheels", [[], ["pump-1-py3-none-any.whl"]])
def test_an_agents_packages_are_built_on_the_applications_image(tmp_path, wheels):
    """With a stand-in of Docker, which has all images but the agent's and notes what it is to build."""
    archive, root = tmp_path / "context.tar.gz", tmp_path / "project"
    subprocess.run([sys.executable, TAGS, "--archive", archive], check=True)
    with tarfile.open(archive) as packed:
        packed.extractall(root, filter="data")
    (root / "agents/0123/wheels").mkdir(parents=True)
    (root / "agents/0123/packages.txt").write_text("pump==1\n")
    for wheel in wheels:
        (root / "agents/0123/wheels" / wheel).touch()
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(
        '#!/bin/sh\n[ "$1 $2 $3" != "image inspect livemon/agent:0123" ] || exit 1\n[ "$1" = build ] || exit 0\n'
        f'for word; do context=$word; done\necho "$@" >{tmp_path}/words\ncd "$context" && find . -type f >{tmp_path}/files\n'
    )
    docker.chmod(0o755)
    answer = subprocess.run(
        ["bash", root / "files/images/build.sh", "--base", "apt", "agents/0123"],
        env={**os.environ, "PATH": f"{docker.parent}:{os.environ['PATH']}", "PIP_INDEX_URL": "https://packages.lab.example/simple"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout + answer.stderr
    tags = json.loads(
        subprocess.run([sys.executable, TAGS, "--base", "apt"], capture_output=True, text=True, check=True).stdout
    )
    words = (tmp_path / "words").read_text()
    for expected in (
        "--tag livemon/agent:0123",
        "files/images/agent/Dockerfile",
        f"APP={tags['app']}",
        "PIP_INDEX_URL=https://packages.lab.example/simple",
    ):
        assert expected in words
    assert set((tmp_path / "files").read_text().split()) == {
        "./ca/README",
        "./files/images/agent/Dockerfile",
        "./requirements/app.txt",
        "./agents/0123/packages.txt",
        *(f"./agents/0123/wheels/{wheel}" for wheel in wheels),
    }
