"""A stage of one role can be aimed at by its tag, as Ansible itself understands the playbook."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from paths import CONTROLLER, ROOT

pytestmark = pytest.mark.slow
STAGES = ("preflight", "install", "configure", "run")


def listed(*options: str) -> dict[str, set[str]]:
    """Return the tasks that a run of site.yml would try, with their tags; several of one name count as one."""
    answer = subprocess.run(
        [CONTROLLER / "ansible-playbook", "-i", "inventory/demo", "playbooks/site.yml", "--list-tasks", *options],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{CONTROLLER}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    tasks = re.findall(r"^      (\S.*?)\s*TAGS: \[(.*)\]$", answer.stdout, re.MULTILINE)
    return {name: set(tags.split(", ")) for name, tags in tasks}


def test_every_task_of_a_role_is_in_one_stage_or_always_runs():
    tasks = {name: tags for name, tags in listed().items() if " : " in name and "always" not in tags}
    assert len(tasks) > 60
    for name, tags in tasks.items():
        stages = {(role, stage) for role in tags for stage in STAGES if f"{role}_{stage}" in tags}
        assert len(stages) == 1, name
        ((role, stage),) = stages
        assert tags == {role, stage, f"{role}_{stage}"}, name


@pytest.mark.parametrize(("tag", "role"), [("crossbar_configure", "crossbar"), ("ocs_run", "ocs")])
def test_a_stage_of_one_role_runs_without_anything_else(tag, role):
    tasks = {name: tags for name, tags in listed("--tags", tag).items() if "always" not in tags}
    assert tasks == {name: tags for name, tags in listed().items() if tag in tags}
    assert tasks
    assert all(role in tags for tags in tasks.values())


def test_what_always_runs_is_the_check_of_the_inventory_and_the_summary():
    always = {name for name, tags in listed("--tags", "crossbar_configure").items() if "always" in tags}
    assert {name for name in always if "Validating arguments" not in name} == {
        "Check that the inventory has a monitor",
        "Check the settings of the inventory",
        "Compute the tags of the images",
        "Ask ssh for the options of Ansible's connection",
        "Ask ssh for its defaults",
        "Look whether Grafana is running",
        "Say at the end what was set up",
    }
