"""Arguments of agents in the inventory: each mistake with its sentence, and the same verdict as that of OCS and argparse."""

from __future__ import annotations

import argparse
import contextlib
import io

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ocs import site_config

from plugins.plugin_utils.inventory import catalogue
from plugins.plugin_utils.inventory.faults.agent_arguments import REFUSED, argument_faults
from plugins.plugin_utils.inventory.faults.inventory import faults

PLACE = "ocs_agents[0] (id x)"
TYPES = {"int": int, "float": float, "bool": bool, "str": str, None: None}


def found(agent_class: str, *arguments: list) -> list[str]:
    agent = {"agent_class": agent_class, "id": "x", "arguments": list(arguments)}
    return [
        each.removeprefix(f"{PLACE}.arguments: ")
        for each in faults({"instruments": [], "ocs_agents": [agent], "agent_secrets": {"power": "x1y2"}})
    ]


MISTAKES = {
    "an underscore": (
        "FakeDataAgent",
        [["--sample_rate", 4]],
        "FakeDataAgent has no option --sample_rate; did you mean --sample-rate?",
    ),
    "an underscore that upstream wants": (
        "PfeifferAgent",
        [["--ip-address", "192.0.2.7"]],
        "PfeifferAgent has no option --ip-address; did you mean --ip_address?",
    ),
    "capitals": ("FakeDataAgent", [["--Mode", "acq"]], "FakeDataAgent has no option --Mode; did you mean --mode?"),
    "one dash": ("FakeDataAgent", [["-mode", "acq"]], "FakeDataAgent has no option -mode; did you mean --mode?"),
    "no dash": ("FakeDataAgent", [["mode", "acq"]], "mode does not follow an option; did you mean --mode?"),
    "nothing like it": (
        "BlueforsAgent",
        [["--xyz", 4]],
        "BlueforsAgent has no option --xyz; it has --log-directory",
    ),
    "one word for two": (
        "FakeDataAgent",
        [["--mode acq"]],
        "--mode and its value are one word here; write two: [--mode, acq]",
    ),
    "no dash in the second list": (
        "FakeDataAgent",
        [["--mode", "acq"], ["sample-rate", 4]],
        "--mode: takes one value and is followed by acq, sample-rate, 4; did you mean --sample-rate?",
    ),
    "a choice": ("FakeDataAgent", [["--mode", "aqc"]], "--mode: aqc is not one of idle, acq; did you mean acq?"),
    "another choice": (
        "InfluxDBAgent",
        [["--protocol", 7]],
        "--protocol: 7 is not one of json, line; write json or line",
    ),
    "a word for a number": (
        "FakeDataAgent",
        [["--num-channels", "two"]],
        "--num-channels: two is not a whole number; write, for example, [--num-channels, 2]",
    ),
    "half a channel": (
        "FakeDataAgent",
        [["--num-channels", 1.5]],
        "--num-channels: 1.5 is not a whole number; write, for example, [--num-channels, 2]",
    ),
    "a unit": (
        "Lakeshore240Agent",
        [["--sampling-frequency", "2 Hz"]],
        "--sampling-frequency: 2 Hz is not a number; write, for example, [--sampling-frequency, 0.5]",
    ),
    "a boolean for a number": (
        "FakeDataAgent",
        [["--num-channels", True]],
        "--num-channels: True is not a whole number; write, for example, [--num-channels, 2]",
    ),
    "no value": ("FakeDataAgent", [["--mode"]], "--mode: needs a value; write, for example, [--mode, idle]"),
    "a value too many for a flag": (
        "HWPSupervisor",
        [["--no-acu", True]],
        "--no-acu: takes no value; write [--no-acu] alone",
    ),
    "too few values": (
        "HWPGripperAgent",
        [["--warm-grip-distance", 1, 2]],
        "--warm-grip-distance: takes 3 values and is followed by 1, 2",
    ),
    "a value more behind =": (
        "FakeDataAgent",
        [["--mode=acq", "idle"]],
        "--mode: takes only the value behind =; write [--mode, idle], all in one list",
    ),
    "twice": (
        "FakeDataAgent",
        [["--mode", "acq"], ["--mode", "idle"]],
        "--mode is given twice, and the agent gets only the last; write it once",
    ),
    "too short": (
        "HWPGripperAgent",
        [["--no-data", 2]],
        "--no-data is short for --no-data-warn-time and --no-data-shutdown-time; write it in full",
    ),
    "on": (
        "InfluxDBAgent",
        [["--host", True]],
        '--host: without quotes this means true; write "on", "yes" or "true", as it is in the file, in quotes',
    ),
    "off": (
        "InfluxDBAgent",
        [["--database", False]],
        '--database: without quotes this means false; write "off", "no" or "false", as it is in the file, in quotes',
    ),
    "null": (
        "InfluxDBAgent",
        [["--host", None]],
        '--host: YAML reads null, ~ or nothing here; leave the option out, or write "null" in quotes if that is meant',
    ),
    "false for what takes any text as true": (
        "Lakeshore336Agent",
        [["--auto-acquire", False]],
        "--auto-acquire: the agent takes every text as true, also False; for false write --auto-acquire= with nothing behind it",
    ),
    "no for the same": (
        "CryomechCPAAgent",
        [["--fake-errors", "no"]],
        "--fake-errors: the agent takes every text as true, also no; for false write --fake-errors= with nothing behind it",
    ),
    "an empty word": ("InfluxDBAgent", [["--host", ""]], "OCS cannot pass on ''; leave this word out, and its option"),
    "a dash": ("InfluxDBAgent", [["--host", "-"]], "OCS cannot pass on '-'; leave this word out, and its option"),
    "a value like an option": (
        "Lakeshore336Agent",
        [["--threshold", "-1e-3"]],
        "--threshold: -1e-3 would be read as an option; write --threshold=-1e-3",
    ),
    "a missing one": (
        "StimThermometerAgent",
        [],
        "--paths-spinode is missing, which every StimThermometerAgent needs; add [--paths-spinode, ...]",
    ),
    "an id": ("FakeDataAgent", [["--instance-id", "control"]], "--instance-id cannot be given; the key id gives it"),
    "an id, abbreviated": (
        "FakeDataAgent",
        [["--instance", "control"]],
        "--instance-id cannot be given; the key id gives it",
    ),
    "a class that the catalogue does not have, and an id": (
        "lab:Pump",
        [["--instance-id", "control"]],
        "--instance-id cannot be given; the key id gives it",
    ),
    "the same, and on": (
        "lab:Pump",
        [["--valve", True]],
        '--valve: without quotes this means true; write "on", "yes" or "true", as it is in the file, in quotes',
    ),
    "the same, and null": (
        "lab:Pump",
        [["--valve", None]],
        '--valve: YAML reads null, ~ or nothing here; leave the option out, or write "null" in quotes if that is meant',
    ),
}


@pytest.mark.parametrize(("agent_class", "arguments", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_has_its_sentence(agent_class, arguments, said):
    assert found(agent_class, *arguments) == [said]


def test_a_class_without_options():
    (fault,) = argument_faults("x", [["--mode", "acq"]], catalogue.classes()["HWPPicoscopeAgent"])
    assert fault == "x.arguments: HWPPicoscopeAgent has no option --mode; it has none"


@pytest.mark.parametrize("name", REFUSED)
def test_what_livemon_sets_is_refused_with_the_reason(name):
    (fault,) = found("FakeDataAgent", [name] if name == "--help" else [name, 5])
    assert fault == f"{name} cannot be given; {REFUSED[name]}"


def test_every_option_of_ocs_itself_is_refused_but_for_the_access_policy():
    assert {option.name for option in catalogue.site_options()} - {"--access-policy"} == REFUSED.keys() - {"--help"}
    assert found("FakeDataAgent", ["--access-policy", "director:access"]) == []


SOUND = {
    "numbers as YAML reads them": ("FakeDataAgent", ["--sample-rate", 4], ["--num-channels", "2"]),
    "a number for text": ("PfeifferAgent", ["--port", 8000]),
    "a number for a choice": ("UPSAgent", ["--snmp-version", 2]),
    "an abbreviation": ("FakeDataAgent", ["--samp", 4]),
    "behind =": ("FakeDataAgent", ["--mode=acq"]),
    "in one list": ("FakeDataAgent", ["--mode", "acq", "--num-channels", 3]),
    "an option and its value in two lists": ("FakeDataAgent", ["--mode"], ["acq"]),
    "a secret": ("SynaccessAgent", ["--password", {"secret": "power"}]),
    "true where any text is true": ("Lakeshore336Agent", ["--auto-acquire", True]),
    "false as upstream understands it": ("Lakeshore336Agent", ["--auto-acquire="]),
    "a negative number": ("Lakeshore336Agent", ["--threshold", -1.5]),
    "several values": ("SynaccessAgent", ["--outlet-names", "pump", "valve"]),
    "no value where none is needed": ("UPSAgent", ["--disabled-oids"]),
    "a flag": ("HWPSupervisor", ["--no-acu"]),
    "one letter": ("HWPPIDAgent", ["-vv"]),
    "one letter with its value": ("MagpieAgent", ["-t5"]),
    "an option of a class that the catalogue does not have": ("lab:Pump", ["--valve", "open", 3]),
}


@pytest.mark.parametrize(("agent_class", "arguments"), [(first, rest) for first, *rest in SOUND.values()], ids=SOUND)
def test_what_ocs_takes_is_no_fault(agent_class, arguments):
    assert [each for each in found(agent_class, *arguments) if ".agent_class" not in each] == []


def test_a_password_is_not_repeated():
    for arguments in (
        ["--password", "hunter2", "x"],
        ["--password hunter2"],
        ["--username", "me", "--password=hunter2", "x"],
    ):
        assert "hunter2" not in " ".join(found("SynaccessAgent", arguments))
        assert found("SynaccessAgent", arguments)


def parser(agent_class: catalogue.AgentClass) -> argparse.ArgumentParser:
    """A real parser with the options of the catalogue."""
    made = argparse.ArgumentParser()
    for option in agent_class.options:
        if option.nargs == 0:
            made.add_argument(*option.names, action="count", default=0)
        else:
            choices = [
                TYPES[option.type](choice) if TYPES[option.type] else choice for choice in option.choices
            ] or None
            made.add_argument(
                *option.names, type=TYPES[option.type], nargs=option.nargs, choices=choices, required=option.required
            )
    return site_config.add_arguments(made)


def refused_by_argparse(agent_class: catalogue.AgentClass, words: list[str]) -> bool:
    """Whether OCS, which sorts the words by option, and argparse refuse them."""
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            parser(agent_class).parse_args(site_config.ArgContainer(words).to_list())
    except (SystemExit, IndexError):
        return True
    return False


ONLY_OURS = ("the agent gets only the last", "the agent takes every text as true", "cannot be given")
"""Faults of what argparse takes."""


@st.composite
def commands(draw) -> tuple[catalogue.AgentClass, list[str]]:
    """An agent class, and words for it: options, in full or not, numbers, choices, and what looks like either."""
    agent_class = draw(st.sampled_from(list(catalogue.classes().values())))
    names = [name for option in agent_class.options for name in option.names] or ["--mode"]
    choices = [str(choice) for option in agent_class.options for choice in option.choices]
    option = st.sampled_from(names)
    word = st.one_of(
        option,
        option,
        option.map(lambda name: name[:6]),
        option.map(lambda name: f"{name}=1"),
        st.sampled_from(["1", "2.5", "-3", "-1e-3", "acq", "a b", "-x y", "nan", "", "-", *choices]),
    )
    words = draw(st.lists(word, max_size=6))
    options = [each for each in words if each.startswith("-") and each.strip("-")[:1].isalpha()]
    assume(len(set(options)) == len(options))  # OCS forgets what followed the first of two
    return agent_class, words


@settings(max_examples=600, deadline=None)
@given(commands())
def test_the_verdict_is_that_of_ocs_and_argparse(command):
    agent_class, words = command
    found = [
        each
        for each in argument_faults("x", [words], agent_class)
        if not any(sentence in each for sentence in ONLY_OURS)
    ]
    assert bool(found) == refused_by_argparse(agent_class, words), (agent_class.name, words, found)
