#!/usr/bin/env python3
"""Write docs/roles.md and docs/agents.md from what they describe; with --check only say whether they are up to date.

Usage: .venv/app/bin/python docs/generate.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

import agents_page
import yaml

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
# Roles

<!-- Made by docs/generate.py from roles/*/meta/argument_specs.yml: change those. -->

`playbooks/site.yml` runs the roles in the order below. No role reads another role's variables or a setting of the user: both meet in
`playbooks/group_vars/all.yml`, from which all variables here come. A lab sets what [inventory.md](inventory.md) lists.

The stages of a role are the same everywhere, as far as a role has them:

| stage | what it does |
|---|---|
| `preflight` | looks for what stands in the way, changes nothing |
| `install` | packages, images, users, keys |
| `configure` | files below `/etc/livemon` |
| `run` | containers and services; restarts only what changed |
| `remove` | removes everything again, with a playbook of its own: [remove.md](remove.md) |

| tag | runs |
|---|---|
| `crossbar` | all stages of one role |
| `configure` | one stage of all roles |
| `crossbar_configure` | one stage of one role, and nothing else |

Ansible runs what has any of the tags that it is given: `--tags crossbar,configure` is all of crossbar and the stage `configure` of
all roles. The inventory is checked under every tag and limit. A stage needs nothing that an earlier stage found out in the same run;
what several stages have to know, each of them looks up.

Containers are not restarted by handlers. What a container reads only when it starts is in a label of its compose file,
`livemon.inputs`, as a hash or as times of modification: where that changes, compose recreates the container, in the same run and also
after a run that broke off.
"""


def roles_page() -> str:
    """Return docs/roles.md as it should be."""
    plays = yaml.safe_load((ROOT / "playbooks/site.yml").read_text())
    order = [entry["role"] for play in plays for entry in play.get("roles", [])]
    others = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir() and path.name not in order)
    return HEAD + "".join(_section(role) for role in order + others)


def _section(role: str) -> str:
    directory = ROOT / "roles" / role
    specs = yaml.safe_load((directory / "meta/argument_specs.yml").read_text())["argument_specs"]
    tasks = yaml.safe_load((directory / "tasks/main.yml").read_text())
    stages = [task["tags"][0] for task in tasks if "tags" in task]
    if (directory / "tasks/remove.yml").exists():
        stages.append("remove")
    lines = [f"\n## {role}", specs["main"]["short_description"] + "."]
    if stages:
        lines.append(f"Stages: {', '.join(f'`{stage}`' for stage in stages)}.")
    lines += ["", "```yaml", specs["main"]["examples"].strip(), "```"]
    lines += ["", "| variable | type | default | |", "|---|---|---|---|"]
    for name, option in {**specs.get("remove", {}).get("options", {}), **specs["main"].get("options", {})}.items():
        lines.append(f"| `{name}` | {_type(option)} | {_default(option)} | {_text(option['description'])} |")
    return "\n".join(lines) + "\n"


def _type(option: dict) -> str:
    return f"{option['type']} of {option['elements']}" if "elements" in option else option["type"]


def _default(option: dict) -> str:
    if option.get("required"):
        return "required"
    if "default" not in option:
        return "see `defaults/main.yml`"
    return f"`{yaml.safe_dump(option['default'], default_flow_style=True).removesuffix('...' + chr(10)).strip()}`"


def _text(description: str | list[str]) -> str:
    return description if isinstance(description, str) else " ".join(description)


PAGES = {"docs/roles.md": roles_page, "docs/agents.md": agents_page.page}


def main() -> None:
    """Write the pages, or with --check end with the first that is not up to date."""
    for name, page in PAGES.items():
        path, text = ROOT / name, page()
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.exit(f"{name} is not what it is made from: run docs/generate.py")


if __name__ == "__main__":
    main()
