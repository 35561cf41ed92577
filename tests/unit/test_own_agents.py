"""A lab's own agents: what the check says of their files and arguments, and how the launcher imports them."""

from __future__ import annotations

import pytest
import yaml

from livemon.agents import classes
from livemon.agents.site_config import find_instance
from livemon.errors import ConfigError
from plugins.plugin_utils.inventory.agent_files import agent_files
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.rendering import ocs

AGENT = {"agent_class": "Level", "id": "still", "arguments": [["--host", "192.0.2.7"]]}
CODE = """
class Level:
    pass

def main(args=None):
    parser.add_argument("--host")
    parser.add_argument("-p", "--port", type=int)
"""


@pytest.fixture
def found(tmp_path):
    """What the check says of an agent, beside files by their names."""

    def check(agent: dict = AGENT, **files: str) -> list[str]:
        (tmp_path / "agents").mkdir(exist_ok=True)
        for name, text in files.items():
            (tmp_path / f"agents/{name}.py").write_text(text)
        return faults({"instruments": [], "ocs_agents": [agent], "inventory_dir": str(tmp_path)})

    return check


def test_a_sound_file_has_no_fault(found):
    assert found(level=CODE) == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (
            CODE.replace("pass", "pas s"),
            "agents/level.py, line 3: invalid syntax; correct the file, or move it out of agents/",
        ),
        (
            CODE.replace("pass", "pass\x00"),
            "agents/level.py, ",
        ),
        (
            CODE.replace("main", "run"),
            (
                "ocs_agents[0] (id still).agent_class: agents/level.py has no function main(args=None), which starts the agent; "
                "see docs/own-agents.md"
            ),
        ),
        (
            CODE.replace("args=None", ""),
            (
                "ocs_agents[0] (id still).agent_class: agents/level.py has no function main(args=None), which starts the agent; "
                "see docs/own-agents.md"
            ),
        ),
        (
            CODE.replace("class Level:", "class Levels:"),
            "ocs_agents[0] (id still).agent_class: Level is not an agent class of ocs 0.12.1 or socs 0.6.4; did you mean Levels?",
        ),
        (
            CODE.replace("--host", "--hosts"),
            "ocs_agents[0] (id still).arguments[0]: agents/level.py has no option --host; did you mean --hosts?",
        ),
        (
            CODE.replace("--host", "--address"),
            "ocs_agents[0] (id still).arguments[0]: agents/level.py has no option --host; it has --address, --port, -p",
        ),
    ],
)
def test_a_mistake_in_a_file(found, code, fault):
    (said,) = found(level=code)
    assert said.startswith(fault)


def test_two_files_cannot_define_one_class(found):
    assert found(level=CODE, other=CODE) == [
        "agents/other.py: class Level is also defined in agents/level.py; give one of them another name"
    ]


@pytest.mark.parametrize("words", [["--port", "1"], ["-p", "1"], ["--host=192.0.2.7"]])
def test_options_are_known_by_each_of_their_names(found, words):
    assert found(AGENT | {"arguments": [words]}, level=CODE) == []


def test_options_that_are_computed_are_left_to_the_agent(found):
    assert found(AGENT | {"arguments": [["--any", 1]]}, level=CODE + "    parser.add_argument(NAME)\n") == []


def test_a_function_main_may_take_any_keyword(found):
    assert found(level=CODE.replace("args=None", "**options")) == []


def test_without_files_a_class_is_upstream_s(tmp_path):
    upstreams = {"agent_class": "FakeDataAgent", "id": "still"}
    for directory in (str(tmp_path), None):
        assert faults({"instruments": [], "ocs_agents": [upstreams], "inventory_dir": directory}) == []
        (said,) = faults({"instruments": [], "ocs_agents": [AGENT], "inventory_dir": directory})
        assert "Level is not an agent class" in said


@pytest.fixture
def launched(found, tmp_path, monkeypatch):
    """The class that the launcher finds in the site config that is rendered of a file."""

    def load(code: str) -> object:
        found(level=code)
        config = ocs.site_config([], [AGENT], "lab", 60, files=agent_files([], [AGENT], tmp_path))
        (tmp_path / "default.yaml").write_text(yaml.safe_dump(config))
        instance = find_instance("still", {"OCS_CONFIG_DIR": str(tmp_path), "SITE_HOST": "lab"})
        monkeypatch.setenv("LIVEMON_AGENTS_CODE", str(tmp_path / "agents"))
        return classes.own(instance.agent_class, instance.own_file).load()

    return load


def test_the_launcher_gets_the_function_that_starts_the_agent(launched):
    assert launched("class Level: ...\ndef main(args=None): return args")(args=["-x"]) == ["-x"]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            f"import pumps\n{CODE}",
            "level.py cannot be imported: ModuleNotFoundError: No module named 'pumps'",
        ),
        (f"{CODE}\ndel main", "level.py has no main"),
        (f"{CODE}\ndel Level", "level.py has no Level"),
    ],
)
def test_what_shows_only_when_it_is_imported_is_said_in_one_sentence(launched, code, sentence):
    with pytest.raises(ConfigError) as caught:
        launched(code)
    assert str(caught.value) == sentence
