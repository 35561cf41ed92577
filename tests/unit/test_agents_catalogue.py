"""The catalogue of agent classes is what ocs and socs are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version

import pytest
from paths import ROOT

from livemon.agents.classes import installed_plugins
from plugins.plugin_utils.inventory import catalogue
from plugins.plugin_utils.inventory.models import MODELS


@pytest.mark.slow
def test_the_catalogue_is_what_the_releases_of_the_image_say():
    answer = subprocess.run(
        [sys.executable, ROOT / "lab/agents/catalogue.py", "--check"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:]


def test_it_has_the_classes_of_the_releases_that_are_pinned():
    lock = (ROOT / "requirements/app.txt").read_text()
    for package, release in catalogue.releases().items():
        assert re.search(rf"^{package}=={re.escape(release)} ", lock, re.MULTILINE)
        assert version(package) == release
    plugins = installed_plugins()
    offered = {name for package in catalogue.releases() for name in plugins[package].load().agents}
    assert catalogue.classes().keys() == offered


@pytest.mark.parametrize("number", MODELS)
def test_the_agents_of_instruments_are_in_it(number):
    """What livemon itself writes for them is what their parsers take."""
    agent_class = catalogue.classes()[MODELS[number].agent_class]
    assert agent_class.module == MODELS[number].agent_module
    assert not agent_class.missing
    assert agent_class.feeds == (MODELS[number].feed,)


def test_options_that_only_main_adds_are_in_it():
    """Lakeshore240Agent adds two to its parser that its make_parser does not have."""
    names = {option.name for option in catalogue.classes()["Lakeshore240Agent"].options}
    assert {"--fake-data", "--serial-number"} <= names


def test_a_class_that_cannot_be_imported_has_its_options_all_the_same():
    camera = catalogue.classes()["RTSPCameraAgent"]
    assert camera.missing == {"cv2": "opencv-python"}
    assert {option.name for option in camera.options if option.required} == {
        "--directory",
        "--address",
        "--user",
        "--password",
    }
    assert camera.feeds is None


def test_it_is_readable_in_a_diff():
    text = catalogue.FILE.read_text()
    options = sum(len(each["options"]) for each in json.loads(text)["classes"].values())
    assert text.count('\n{"names"') >= options
