"""The collection, built and installed as a stranger would have it, works from an empty directory and is never written to."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from paths import ROOT
from renderings import INVENTORIES, RECORDED, rendered

LANES = ("controller", "controller-2.16")
newest_lane = pytest.mark.parametrize("installed", LANES[:1], indirect=True)
PAGE = (ROOT / "docs/collection.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Installed:
    ansible: Path
    collections: Path

    @property
    def root(self) -> Path:
        return self.collections / "ansible_collections/livemon/appliance"

    def run(self, directory: Path, playbook: str, *options: str, **environment: str) -> subprocess.CompletedProcess:
        """Run a playbook in `directory`, without any other configuration than what lies there."""
        own = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_COLLECTIONS_PATH": str(self.collections), "HOME": str(directory)}
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        return subprocess.run(
            [self.ansible / "ansible-playbook", *options, playbook],
            cwd=directory,
            env=inherited | own | {"PWD": str(directory)} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def content(self) -> dict[str, tuple[int, int]]:
        """Return when each file was written, and its size; without compiled modules, which Python keeps beside its sources."""
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_size)
            for path in self.root.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }


@pytest.fixture(scope="module", params=LANES)
def installed(request, tmp_path_factory):
    ansible = ROOT / ".venv" / request.param / "bin"
    if not ansible.exists():
        pytest.skip(f"make venv-{request.param}")
    collections = tmp_path_factory.mktemp(request.param)
    subprocess.run([ROOT / "lab/collection", collections, request.param], check=True, timeout=120)
    found = Installed(ansible, collections)
    before = found.content()
    yield found
    assert found.content() == before, "a playbook wrote into the collection"


@pytest.fixture
def mylab(installed, tmp_path):
    """A directory with nothing but a copy of the example inventory."""
    shutil.copytree(installed.root / "inventory/example", tmp_path / "mylab")
    return tmp_path


def test_an_inventory_is_checked_without_any_configuration(installed, mylab):
    answer = installed.run(mylab, "livemon.appliance.check_inventory", "-i", "mylab")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert not re.search("warning|deprecat", answer.stderr, re.IGNORECASE), answer.stderr


@newest_lane
def test_the_configuration_of_the_page_brings_closing_words_and_one_message_for_a_damaged_inventory(installed, mylab):
    (mylab / "ansible.cfg").write_text(re.search(r"```ini\n(.*?)```", PAGE, re.DOTALL)[1])
    (mylab / "mylab/dashboards").mkdir()
    (mylab / "mylab/dashboards/cooldown.json").write_text('{"title": "Cooldown", "panels": []}')
    answer = installed.run(mylab, "livemon.appliance.check_inventory", "-i", "mylab")
    assert "The inventory is sound; nothing was changed. monitor would be set up like this:" in answer.stdout, (
        answer.stderr
    )
    (mylab / "mylab/hosts.yml").write_text("livemon:\n  hosts: [\n")
    answer = installed.run(mylab, "livemon.appliance.check_inventory", "-i", "mylab")
    assert answer.returncode != 0
    assert "The inventory cannot be read (1 fault); nothing was changed." in answer.stderr


@newest_lane
def test_every_playbook_finds_its_roles(installed, mylab):
    playbooks = sorted(path.stem for path in (installed.root / "playbooks").glob("*.yml"))
    *others, last = (f"livemon.appliance.{playbook}" for playbook in playbooks)
    answer = installed.run(mylab, last, "-i", "mylab", "--list-tasks", *others)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("playbook: ") == len(playbooks) >= 9


@newest_lane
def test_files_named_on_the_command_line_lie_where_it_was_typed(installed, mylab):
    options = ("-i", "mylab", "-e", "remote_access_file=entry")
    answer = installed.run(mylab, "livemon.appliance.remote_access", *options)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (mylab / "entry").read_text().startswith("Host livemon-monitor\n")


@newest_lane
def test_backups_and_adopted_dashboards_lie_with_the_user(installed, mylab):
    play = mylab / "play.yml"
    where = "{{ [backup_directory, livemon_lab_dashboards] | to_json }}"
    tasks = [{"ansible.builtin.copy": {"content": where, "dest": "{{ playbook_dir }}/where.json", "mode": "0644"}}]
    variables = [installed.root / "playbooks/group_vars/all.yml", installed.root / "roles/backup/defaults/main.yml"]
    here = {
        "hosts": "livemon",
        "connection": "local",
        "gather_facts": False,
        "become": False,
        "vars": {"ansible_become": False},
    }
    play.write_text(yaml.safe_dump([here | {"vars_files": [str(path) for path in variables], "tasks": tasks}]))
    answer = installed.run(mylab, str(play), "-i", "mylab", "-e", "ansible_python_interpreter=" + sys.executable)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert json.loads((mylab / "where.json").read_text()) == [str(mylab / "backups"), str(mylab / "mylab/dashboards")]


def test_an_inventory_is_rendered_as_by_the_checkout(installed, tmp_path):
    collections = {"ANSIBLE_COLLECTIONS_PATH": str(installed.collections)}
    now = rendered(INVENTORIES["full"], tmp_path, installed.ansible, installed.root, **collections)
    assert now == (RECORDED / "full.json").read_text(encoding="utf-8")


@newest_lane
def test_images_have_the_tags_of_the_checkout(installed):
    tags = [subprocess.check_output([sys.executable, root / "files/images/tags.py"]) for root in (installed.root, ROOT)]
    assert tags[0] == tags[1]


@newest_lane
def test_only_files_of_the_project_are_in_it(installed):
    known = set(subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines())
    found = {str(Path(path).relative_to(installed.root)) for path in installed.content()}
    assert found - known == {"MANIFEST.json", "FILES.json"}
    assert not [
        name for name in found if name.startswith(("tests/", "lab/", "bench/", "molecule/", ".", "collections/"))
    ]
    assert {"LICENSE", "README.md", "meta/runtime.yml"} <= found


@newest_lane
def test_the_examples_of_all_filters_run(installed, tmp_path):
    documented = [
        yaml.safe_load(path.read_text()) for path in sorted((installed.root / "plugins/filter").glob("*.yml"))
    ]
    tasks = [task for each in documented for task in yaml.safe_load(each["EXAMPLES"])]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    (tmp_path / "hosts").write_text("localhost\n")  # a filter that reads files beside the inventory is told where it is
    answer = installed.run(tmp_path, "play.yml", "-i", "hosts")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert len(re.findall("^ok: ", answer.stdout, re.MULTILINE)) == len(documented)
