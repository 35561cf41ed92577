"""docs/agents.md, made of the catalogue of agent classes, of what was measured, and of what tests run: see `HEAD`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "plugins/plugin_utils/inventory/catalogue.json"
ABSENT = ROOT / "lab/agents/absent.json"
TRIED = ROOT / "docs/agents_tried.yml"
LONGEST = 110
"""Characters of what an agent says that are shown."""
HEAD = """\
# Agents

<!-- Made by docs/generate.py from plugins/plugin_utils/inventory/catalogue.json (`make catalogue`),
lab/agents/absent.json (`make absent`), docs/agents_tried.yml and docs/agents_page.py: change those. -->

livemon runs any agent of [ocs](https://github.com/simonsobs/ocs) {ocs} and [socs](https://github.com/simonsobs/socs) {socs}:
gauges, compressors, power supplies, the cryostat's own log files. The Lake Shore thermometers that an inventory lists under
`instruments` already have theirs.

## Adding an agent

1. Find its class in the [table](#all-classes), and its options and feeds [below it](#options-and-feeds).
2. Add it to the inventory:

   ```yaml
   ocs_agents:
     - agent_class: PfeifferAgent
       id: gauge
       description: Vacuum
       arguments: [[--ip_address, 172.16.127.60], [--port, 8000]]
       feeds: [pressures]
   ```

3. Check it, which touches no machine: `ansible-playbook -i inventory/mylab playbooks/check_inventory.yml`
4. Run the playbook again. The other agents are not restarted.

Everything that the agent publishes is archived. The feeds that `feeds` lists are plotted as well, and `alarms` can watch their fields
([alarms.md](alarms.md#limits-of-other-agents-fields)). A password or token among the options is written as `{{secret: name}}`
([inventory.md](inventory.md#secrets-of-agents)). All keys are in [inventory.md](inventory.md#ocs_agents).
[control.md](control.md) says who may operate the agent.

## What is checked

Before any machine is touched, each agent is compared with the releases of ocs and socs that are in the image:

```
- ocs_agents[0] (id fake1).agent_class: FakeDateAgent is not an agent class of ocs {ocs} or socs {socs}; did you mean FakeDataAgent?
- ocs_agents[1] (id fake2).arguments: FakeDataAgent has no option --sample_rate; did you mean --sample-rate?
- ocs_agents[1] (id fake2).feeds[0]: FakeDataAgent has no feed 'false_temps'; did you mean false_temperatures?
```

- Options and values: whether the option exists, how many values it takes, numbers, choices, options that are required. Options can be
  abbreviated, and written as `--option=value`, as on a command line.
- Quotes: YAML reads `0123` as 83, `12:30:00` as 45000, `off` as false and `null` as nothing. Put text that looks like these in
  quotes.
- Options with *yes or no* below take every text as true, even `False`: that is how upstream reads them. For false write
  `--auto-acquire=` with nothing after it.
- Options that OCS gives to every agent (`--instance-id`, `--site-file`, `--log-dir`, ...) are refused, because livemon sets them.
- Feeds, unless the code of the class computes their names.

A class that is not listed here can come with `packages` ([inventory.md](inventory.md#what-an-agent-needs)). `plugin:Class` names a
class of another plugin of OCS.

## All classes

- **needs**: what must exist outside the container. *network*: an address among the options is enough.
- **in the image**: whether the image can import the class. If not, the missing Python packages are listed; add them under `packages`.
  Those with an asterisk are not on PyPI; they need a directory of `wheels`.
- **without its hardware**: what the class did when it was started by `livemon agent` at a real router, with an address that refuses
  connections or a device that does not exist: whether it was still running after 20 s or had ended, and the last thing it said. The
  container of an agent that ends starts it again until the hardware is there. Measured {dates}.
- **tested with**: what tests run it against (`tests/integration/test_agent_classes.py`; the fakes are in `tests/support/fakes`).

| class | for | needs | in the image | without its hardware | tested with |
|---|---|---|---|---|---|
"""
AWAY = """
## When a device goes away

What an agent does when its device disappears while it is working, as the tests see it:

"""
OPTIONS = """
## Options and feeds

The descriptions are upstream's. Options of classes that the image cannot import were found by importing them with empty stand-ins for
the missing packages.
"""


def page() -> str:
    """Return docs/agents.md as it should be."""
    catalogue, absent = json.loads(CATALOGUE.read_text()), json.loads(ABSENT.read_text())
    tried = yaml.safe_load(TRIED.read_text()) if TRIED.exists() else {}
    dates = sorted({each["date"] for each in absent.values()})
    head = HEAD.format(**catalogue["releases"], dates=dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}")
    classes = catalogue["classes"]
    rows = [_row(name, about, absent.get(name), tried.get(name)) for name, about in classes.items()]
    away = [f"- **{name}**: {_line(each['when_away'])}\n" for name, each in tried.items() if each.get("when_away")]
    sections = [_section(name, about) for name, about in classes.items()]
    return "".join([head, *rows, *([AWAY, *away] if away else []), OPTIONS, *sections])


def _row(name: str, about: Mapping[str, Any], absent: Mapping[str, Any] | None, tried: Mapping[str, Any] | None) -> str:
    cells = [
        f"[{name}](#{name.lower()})",
        about["for"],
        about["needs"],
        _imported(about["missing"]),
        _alone(absent) if absent else "",
        tried["fake"] if tried else "",
    ]
    return f"| {' | '.join(_line(cell) for cell in cells)} |\n"


def _imported(missing: Mapping[str, str | None]) -> str:
    lacking = [package or f"{module}\\*" for module, package in missing.items()]
    return f"no: {', '.join(lacking)}" if lacking else "yes"


def _alone(absent: Mapping[str, Any]) -> str:
    says = re.sub(r"^livemon: ", "", absent["says"]).replace("`", "'")
    if len(says) > LONGEST:
        says = says[:LONGEST].rsplit(" ", 1)[0] + " ..."
    how = "runs" if absent["exit"] is None else "ends"
    return f"{how}: `{says}`" if says else f"{how}, without a word"


def _section(name: str, about: Mapping[str, Any]) -> str:
    return "".join(f"{line}\n" for line in _section_lines(name, about))


def _section_lines(name: str, about: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n### {name}\n"
    yield f"{_feeds(about['feeds'])}{_environment(about['environment'])}"
    if about["options"]:
        yield "\n| option | value | default | |\n|---|---|---|---|"
    for option in about["options"]:
        names = ", ".join(f"`{name}`" for name in option["names"])
        yield f"| {names} | {_value(option)} | {_default(option)} | {_line(option.get('help', ''))} |"


def _feeds(feeds: list[str] | None) -> str:
    if feeds is None:
        return "Feeds: the code computes their names."
    return f"Feeds: {', '.join(f'`{feed}`' for feed in feeds)}." if feeds else "It publishes no feeds."


def _environment(names: list[str]) -> str:
    return f" Environment variables: {', '.join(f'`{name}`' for name in names)}." if names else ""


def _value(option: Mapping[str, Any]) -> str:
    if "choices" in option:
        kind = ", ".join(f"`{choice}`" for choice in option["choices"])
    elif option.get("type") == "bool":
        kind = "yes or no"
    else:
        kind = {"int": "whole number", "float": "number"}.get(option.get("type", ""), "text")
    count = option.get("nargs")
    return {None: kind, 0: "none", "+": f"{kind}, one or more", "*": f"{kind}, any number"}.get(
        count, f"{count} of: {kind}"
    )


def _default(option: Mapping[str, Any]) -> str:
    if option.get("required"):
        return "required"
    default = option.get("default")
    return "" if default in (None, False, "", []) else f"`{default}`"


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
