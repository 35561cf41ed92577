"""The example of each role is one that the role would take, as ansible-core of both lanes judges."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml
from paths import ROOT

LANES = ["controller", "controller-2.16"]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
JUDGE = """
import json, sys
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
specs = json.load(sys.stdin)
print(json.dumps({role: ArgumentSpecValidator(options).validate(given).error_messages for role, (options, given) in specs.items()}))
"""


def specs() -> dict[str, tuple[dict, dict]]:
    """Of each role the options that it takes, and those that its example gives."""
    found = {}
    for role in ROLES:
        spec = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]["main"]
        (example,) = yaml.safe_load(spec["examples"])
        assert example["role"] == role
        found[role] = spec.get("options", {}), example["vars"]
    return found


def judged(lane: str, cases: dict[str, tuple[dict, dict]]) -> dict[str, list[str]]:
    """What ansible-core has against each."""
    python = ROOT / f".venv/{lane}/bin/python"
    if not python.exists():
        pytest.skip(f"there is no {python}: make venv-{lane}, by a Python that it supports")
    answer = subprocess.run(
        [python, "-c", JUDGE], input=json.dumps(cases), capture_output=True, text=True, timeout=300, check=True
    )
    return json.loads(answer.stdout)


@pytest.mark.parametrize("lane", LANES)
def test_the_examples_are_what_the_roles_take(lane):
    assert judged(lane, specs()) == {role: [] for role in ROLES}


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"timesync_server": ["ntp.lab.example"]}, "timesync_server"),
        ({"timesync_enabled": "perhaps"}, "timesync_enabled"),
        ({"timesync_servers": {"first": "ntp.lab.example"}}, "timesync_servers"),
    ],
)
def test_an_example_that_is_wrong_would_be_seen(lane, given, complaint):
    options, _ = specs()["timesync"]
    assert complaint in " ".join(judged(lane, {"timesync": (options, given)})["timesync"])
