"""The rules between the roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pytest
import yaml
from paths import ROOT, written_files

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
STAGES = ["preflight", "install", "configure", "run"]
# Roles of the product that other roles include, as a task file would be.
INCLUDED = {"apt_packages", "compose_project"}
# Roles that have playbooks of their own.
ELSEWHERE = {"backup"}
# By which a task's name begins.
VERBS = set(
    re.findall(
        r"\w+",
        """Add Adopt Advise Apply Ask Back Bring Build Change Check Compose Compute Configure Confirm Connect Copy
        Create Delete Fail Fetch Find Forget Gather Have Hold Install Keep Let List Load Log Look Make Pack Print
        Pull Put Read Record Reload Remember Remove Replace Restart Restore Save Say Set Show Start Stop Sum Tell
        Trust Undo Uninstall Unpack Update Validate Verify Wait Warn Write""",
    )
)


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


STAGED = [role for role in ROLES if role not in INCLUDED | ELSEWHERE]


@pytest.mark.parametrize("role", STAGED)
def test_stages_have_the_same_tags_in_the_same_order(role):
    tasks = read(role, "tasks/main.yml")
    stages = [task["ansible.builtin.import_tasks"].removesuffix(".yml") for task in tasks]
    assert stages == [stage for stage in STAGES if stage in stages]
    assert [task["tags"] for task in tasks] == [[stage, f"{role}_{stage}"] for stage in stages]


def entry_points() -> list[tuple[str, str]]:
    """Every role with each of its stages, and with what its other playbooks run: what begins without anything before it."""
    names = [*STAGES, "main", "remove", "restore", "rotate"]
    found = [(role, name) for role in ROLES for name in names if (ROOT / f"roles/{role}/tasks/{name}.yml").exists()]
    return [(role, name) for role, name in found if (role, name) not in {(role, "main") for role in STAGED}]


def flattened(tasks: list[dict]) -> Iterator[dict]:
    for task in tasks:
        yield task
        for part in ("block", "rescue", "always"):
            yield from flattened(task.get(part, []))


def tasks_from(role: str, name: str) -> Iterator[dict]:
    """The tasks of a file of a role, and of the files of the role and of included roles that it runs."""
    path = ROOT / f"roles/{role}/tasks/{name.removesuffix('.yml')}.yml"
    for task in flattened(yaml.safe_load(path.read_text()) or []):
        yield task
        for way in ("import", "include"):
            if f"ansible.builtin.{way}_tasks" in task:
                yield from tasks_from(role, task[f"ansible.builtin.{way}_tasks"])
            other = task.get(f"ansible.builtin.{way}_role", {})
            if other.get("name") in INCLUDED:
                yield from tasks_from(other["name"], other.get("tasks_from", "main"))


def made(tasks: Iterable[dict]) -> set[str]:
    """The variables that tasks make."""
    names = [[task.get("register"), *task.get("ansible.builtin.set_fact", {})] for task in tasks]
    return {name for each in names for name in each if name}


def words(value: object) -> set[str]:
    return set(re.findall(r"\w+", yaml.safe_dump(value, width=1000)))


def read_by(role: str, tasks: Iterable[dict]) -> set[str]:
    """The names that tasks read: in themselves, in the templates that they render, and in the role's variables that these name."""
    directory = ROOT / "roles" / role
    variables = read(role, "vars/main.yml")
    texts = {path.name: set(re.findall(r"\w+", path.read_text())) for path in (directory / "templates").glob("*")}
    found: set[str] = set()
    waiting = set().union(*map(words, tasks))
    while waiting:
        found |= waiting
        waiting = set().union(*(words(variables[name]) for name in waiting & variables.keys())) - found
        stems = {name: name.removesuffix(".j2").replace(".", " ").replace("-", " ").split() for name in texts}
        rendered = [texts[name] for name, stem in stems.items() if found.issuperset(stem)]
        waiting |= set().union(*rendered) - found
    return found


@pytest.mark.parametrize(("role", "entry"), entry_points())
def test_stages_are_closed(role, entry):
    """What a stage registers is read in that stage only, and so each can run by itself."""
    tasks = list(tasks_from(role, entry))
    anywhere = {name for other, name in entry_points() if other == role}
    registered = set().union(*(made(tasks_from(role, name)) for name in anywhere))
    assert (read_by(role, tasks) & registered) - made(tasks) == set()


@pytest.mark.parametrize("role", ROLES)
def test_no_single_task_has_tags_of_its_own(role):
    """A task of one stage that runs in another, too, would have to be looked for."""
    for path in (ROOT / "roles" / role / "tasks").glob("*.yml"):
        if path.name != "main.yml":
            assert [task["name"] for task in flattened(yaml.safe_load(path.read_text())) if "tags" in task] == [], path


def task_files() -> dict[str, list[dict]]:
    """The plays and tasks of each file of roles and playbooks; in place of the stages, the tasks that are in them."""
    paths = [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/handlers/*.yml"), *ROOT.glob("playbooks/*.yml")]
    stages = {ROOT / f"roles/{role}/tasks/main.yml" for role in STAGED}
    return {str(path.relative_to(ROOT)): yaml.safe_load(path.read_text()) for path in paths if path not in stages}


@pytest.mark.parametrize("path", task_files())
def test_names_of_plays_and_tasks_begin_with_a_verb(path):
    """So that they can be told apart in a log, without the name of the role."""
    entries = task_files()[path]
    named = [*entries, *(task for entry in entries for task in entry.get("tasks", []))]
    assert {task["name"].split()[0] for task in flattened(named)} <= VERBS


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
    for path in written_files(ROOT / "roles" / role):
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
        yield from flattened(yaml.safe_load(path.read_text()))


def reads_value_of(role: str, task: dict, name: str) -> bool:
    """Whether a task or the template that it renders reads the value of an argument: more than whether there is one, or its keys."""
    source = re.sub(r"\{\{.*?\}\}", "*", task.get("ansible.builtin.template", {}).get("src", "none"))
    text = "".join(path.read_text() for path in (ROOT / "roles" / role / "templates").glob(source))
    text += yaml.safe_dump(
        {key: part for key, part in task.items() if key not in {"when", "block", "rescue", "always"}}, width=1000
    )
    return bool(re.search(rf"(?<!in )\b{name}\b(?! \| (length|list)\b)(?! \| map\((?!attribute='+secret'))", text))


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
