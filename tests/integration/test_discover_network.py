"""``livemon discover`` in a /24 of a network namespace: six instruments, devices that speak otherwise, and no one elsewhere."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from lab_network import KINDS, SUBNET, lab_network
from waiting import patience

from livemon.instruments import folders
from plugins.plugin_utils.inventory.faults import inventory as faults

LIVEMON = Path(sys.executable).with_name("livemon")
SECONDS = 10.0
ADDRESSES = ["10.77.0.1", "10.77.0.17", "10.77.0.64", "10.77.0.128", "10.77.0.192", "10.77.0.254"]


def instruments() -> dict[str, tuple[str, str]]:
    """Six instruments of all models in turn that can be reached over the network."""
    numbers = itertools.cycle(sorted(folders.models(), reverse=True))
    return {address: (next(numbers), f"LSA{count}XY") for count, address in enumerate(ADDRESSES)}


@pytest.fixture(scope="module")
def network():
    others = {f"10.77.0.{30 + count}": (kind, 7777) for count, kind in enumerate(KINDS)}
    others |= {"10.77.0.60": ("silent", 1094)}
    try:
        with lab_network(instruments(), others) as made:
            yield made
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"network namespaces cannot be made here: {getattr(error, 'stderr', None) or error}")


@pytest.fixture(scope="module")
def found(network):
    """What the command prints, as JSON, and how long it took."""
    began = time.monotonic()
    answer = network.run(LIVEMON, "discover", SUBNET, "--json", env=os.environ)
    seconds = time.monotonic() - began
    assert answer.returncode == 0, answer.stderr
    print(f"discovered {SUBNET} in {seconds:.1f} s")
    return json.loads(answer.stdout), seconds, answer.stderr


def test_it_finds_all_six_and_nothing_else_in_under_ten_seconds(found):
    content, seconds, _ = found
    in_network = [each for each in content["found"] if each["host"]]
    assert {each["host"]: (each["number"], each["serial"]) for each in in_network} == instruments()
    assert seconds < SECONDS * max(1.0, patience() / 2)


def test_it_says_what_the_others_are(found):
    others = {each["host"]: each["instead"] for each in found[0]["others"]}
    kinds = dict(zip(KINDS, (f"10.77.0.{30 + count}" for count in range(len(KINDS))), strict=True))
    assert others[kinds["web"]] == "is a web server"
    assert others[kinds["silent"]] == others["10.77.0.60"] == "does not reply"
    assert others[kinds["garbage"]] == others[kinds["slow"]] == "replies with something else"
    assert others[kinds["endless"]] == "sends without end"
    assert others[kinds["closing"]] == "closes the connection"
    # A reset may come while the connection is still being made: then nothing seems to listen there.
    assert others.get(kinds["resetting"], "closes the connection") == "closes the connection"
    assert kinds["dropping"] not in others


def test_progress_is_on_standard_error(found):
    assert "254 of 254 addresses asked, 6 instruments found" in found[2]


def test_the_lines_can_be_pasted(network):
    answer = network.run(LIVEMON, "discover", SUBNET, env=os.environ)
    assert answer.returncode == 0, answer.stderr
    settings = yaml.safe_load(answer.stdout)
    assert {each["address"] for each in settings["instruments"]} == set(ADDRESSES)
    assert list(faults.faults(settings)) == []
