"""The rules between the roles."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml
from paths import ROOT

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
STAGES = ["preflight", "install", "configure", "run"]
# Roles of the product that other roles include, as a task file would be.
INCLUDED = {"apt_packages", "compose_project"}
# Roles that have playbooks of their own.
ELSEWHERE = {"backup"}


def read(role: str, part: str) -> dict:
    path = ROOT / "roles" / role / part
    return yaml.safe_load(path.read_text()) if path.exists() else {}


def options_of(role: str) -> dict:
    specs = read(role, "meta/argument_specs.yml")["argument_specs"].values()
    return {name: option for spec in specs for name, option in spec.get("options", {}).items()}


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_of_the_argument_specs(role):
    defaults, options = read(role, "defaults/main.yml") or {}, options_of(role)
    assert sorted(defaults) == sorted(name for name, option in options.items() if not option.get("required"))
    for name, value in defaults.items():
        if "default" in options[name]:
            assert options[name]["default"] == value, name


@pytest.mark.parametrize("role", ROLES)
def test_every_argument_is_described_and_bears_the_roles_name(role):
    for name, option in options_of(role).items():
        assert name.startswith(f"{role}_")
        assert option["description"]
        assert option["type"]


@pytest.mark.parametrize("role", ROLES)
def test_the_example_says_what_is_required_and_nothing_else_that_the_role_does_not_know(role):
    """What ansible-core says of the values is in tests/integration/test_role_examples.py."""
    spec = read(role, "meta/argument_specs.yml")["argument_specs"]["main"]
    (example,) = yaml.safe_load(spec["examples"])
    assert example["role"] == role
    assert set(example["vars"]) >= {name for name, option in spec["options"].items() if option.get("required")}
    assert set(example["vars"]) <= set(spec["options"])


@pytest.mark.parametrize("role", [role for role in ROLES if role not in INCLUDED | ELSEWHERE])
def test_stages_have_the_same_tags_in_the_same_order(role):
    tasks = read(role, "tasks/main.yml")
    stages = [task["ansible.builtin.import_tasks"].removesuffix(".yml") for task in tasks]
    assert stages == [stage for stage in STAGES if stage in stages]
    assert [task["tags"] for task in tasks] == [[stage] for stage in stages]


def registers(tasks: list[dict]) -> dict[str, set[str]]:
    """Which variables tasks make, and under which further tags they run."""
    found = {}
    for task in tasks:
        found |= registers(task.get("block", []))
        for name in [task.get("register"), *task.get("ansible.builtin.set_fact", {})]:
            found[name] = set(task.get("tags", []))
    return found


@pytest.mark.parametrize("role", ROLES)
def test_a_stage_that_runs_alone_misses_nothing_of_an_earlier_one(role):
    made: dict[str, set[str]] = {}
    for stage in STAGES:
        path = ROOT / "roles" / role / f"tasks/{stage}.yml"
        if not path.exists():
            continue
        text = path.read_text()
        for name, tags in made.items():
            if re.search(rf"\b{name}\b", text) and stage not in tags:
                assert re.search(rf"\b{name}( is defined|[\w.]* \| default\()", text), f"{path} reads {name}"
        made |= {name: tags for name, tags in registers(yaml.safe_load(text)).items() if name}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_reads_anothers_variables(role):
    foreign = re.compile(rf"\b(?!{role}_)({'|'.join(set(ROLES) - INCLUDED)})_[a-z_]+\b")
    arguments = {name for other in ROLES if other != role for name in options_of(other)}
    for part in ("tasks", "templates", "handlers", "defaults"):
        for path in (ROOT / "roles" / role).glob(f"{part}/**/*"):
            found = {match[0] for match in foreign.finditer(path.read_text())} & arguments
            assert not found, path


@pytest.mark.parametrize("role", ROLES)
def test_no_role_reads_the_users_settings(role):
    for path in (ROOT / "roles" / role).rglob("*"):
        if path.is_file():
            assert "livemon_instruments" not in path.read_text(), path


def test_remove_yml_takes_every_role_off_in_the_opposite_order():
    plays = yaml.safe_load((ROOT / "playbooks/site.yml").read_text())
    order = [entry["role"] for play in plays for entry in play.get("roles", [])]
    plays = yaml.safe_load((ROOT / "playbooks/remove.yml").read_text())
    entries = [task for task in plays[-1]["tasks"] if "ansible.builtin.import_role" in task]
    roles = [task["ansible.builtin.import_role"]["name"] for task in entries]
    assert roles == [role for role in reversed(order) if (ROOT / f"roles/{role}/tasks/remove.yml").exists()]
    assert all(task["ansible.builtin.import_role"]["tasks_from"] == "remove" for task in entries)
    assert [task["tags"] for task in entries] == [["remove", role] for role in roles]


def test_what_a_role_makes_it_takes_off_again():
    makes_nothing = {"preflight", "apt_packages"}  # packages of the distribution stay: others may need them by now
    for role in set(ROLES) - makes_nothing - ELSEWHERE:
        assert (ROOT / f"roles/{role}/tasks/remove.yml").exists(), role


@pytest.mark.parametrize("role", ROLES)
def test_what_is_precious_goes_only_when_it_is_named(role):
    for name, option in options_of(role).items():
        if name.startswith(f"{role}_remove_"):
            assert option["default"] is False


def test_site_yml_runs_every_role_under_its_own_tag():
    plays = yaml.safe_load((ROOT / "playbooks/site.yml").read_text())
    entries = [entry for play in plays for entry in play.get("roles", [])]
    assert sorted(entry["role"] for entry in entries) == sorted(set(ROLES) - INCLUDED - ELSEWHERE)
    assert all(entry["tags"] == [entry["role"]] for entry in entries)


def secret_arguments(role: str) -> set[str]:
    """The arguments of a role that are secret, or hold something that is."""

    def is_secret(option: dict) -> bool:
        return option.get("no_log", False) or any(map(is_secret, option.get("options", {}).values()))

    return {name for name, option in options_of(role).items() if is_secret(option)}


def tasks_of(role: str) -> Iterator[dict]:
    for path in (ROOT / "roles" / role / "tasks").glob("*.yml"):
        waiting = list(yaml.safe_load(path.read_text()))
        while waiting:
            task = waiting.pop()
            waiting += task.get("block", []) + task.get("rescue", []) + task.get("always", [])
            yield task


def reads_value_of(role: str, task: dict, name: str) -> bool:
    """Whether a task or the template that it renders reads the value of an argument: more than whether there is one, or its keys."""
    source = re.sub(r"\{\{.*?\}\}", "*", task.get("ansible.builtin.template", {}).get("src", "none"))
    text = "".join(path.read_text() for path in (ROOT / "roles" / role / "templates").glob(source))
    text += yaml.safe_dump(
        {key: part for key, part in task.items() if key not in {"when", "block", "rescue", "always"}}, width=1000
    )
    return bool(re.search(rf"(?<!in )\b{name}\b(?! \| (length|list|map)\b)", text))


@pytest.mark.parametrize(("role", "name"), [(role, name) for role in ROLES for name in sorted(secret_arguments(role))])
def test_tasks_that_handle_a_secret_say_nothing_by_one_switch(role, name):
    tasks = [task for task in tasks_of(role) if reads_value_of(role, task, name)]
    assert tasks, "nobody reads it"
    for task in tasks:
        assert task.get("no_log") == f"{{{{ {role}_no_log | bool }}}}", task["name"]
    wiring = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())
    assert wiring[f"{role}_no_log"] == "{{ livemon_no_log }}"


def test_no_template_has_a_quoted_apostrophe_which_ansible_2_16_cannot_parse():
    for path in [*(ROOT / "roles").rglob("*.yml"), *(ROOT / "playbooks").rglob("*.yml")]:
        assert "\\\\'" not in path.read_text(), path
