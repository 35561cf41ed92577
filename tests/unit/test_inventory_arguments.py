"""Further options of instruments' agents, and the files that agents get: mistakes, and what the site config says."""

from __future__ import annotations

import importlib

import pytest

from plugins.plugin_utils.inventory.agent_files import agent_files
from plugins.plugin_utils.inventory.faults import instrument_arguments
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.models import MODELS
from plugins.plugin_utils.inventory.rendering import ocs

FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ"}
LIST = "write a list of lists, for example [[--sampling-frequency, 1]]"


@pytest.fixture
def found(tmp_path):
    """What the check says of an instrument, without its place, beside an inventory with one curve."""
    (tmp_path / "curves").mkdir()
    (tmp_path / "curves/still.340").write_text("a curve")

    def check(entry: dict, key: str = "instruments") -> list[str]:
        settings = {"instruments": [], key: [entry], "inventory_dir": str(tmp_path)}
        return [fault.removeprefix(f"{key}[0] (id {entry['id']})") for fault in faults(settings)]

    return check


@pytest.mark.parametrize(
    ("entry", "arguments"),
    [
        (FRIDGE, [["--dwell-time-delay", 5]]),
        (FRIDGE, [["--dwell-time-delay=5"], ["--configfile", "/files/still.340"]]),
        (DIODES, [["--sampling-frequency", 0.5]]),
    ],
)
def test_sound_arguments_reach_the_agent_s_own_parser(found, entry, arguments):
    entry = entry | {"arguments": arguments, "files": ["curves/still.340"]}
    assert found(entry) == []
    agent = ocs.site_config([entry], [], "lab", 60)["hosts"]["lab"]["agent-instances"][-1]
    words = [word for each in agent["arguments"] for word in each]
    parser = importlib.import_module(MODELS[str(entry["model"])].agent_module).make_parser()
    options = vars(parser.parse_args(words))
    for option, *values in ([*str(each[0]).split("="), *each[1:]] for each in arguments):
        assert str(options[option.lstrip("-").replace("-", "_")]) == str(values[0])
    assert options["mode"] == "acq"


@pytest.mark.parametrize(
    ("entry", "arguments", "expected"),
    [
        (FRIDGE, "--dwell-time-delay 5", f".arguments: {LIST}"),
        (FRIDGE, ["--dwell-time-delay", 5], f".arguments: {LIST}"),
        (FRIDGE, [[]], f".arguments: {LIST}"),
        (
            FRIDGE,
            [["dwell-time-delay", 5]],
            ".arguments: dwell-time-delay does not follow an option; did you mean --dwell-time-delay?",
        ),
        (
            FRIDGE,
            [["--dwell-delay", 5]],
            ".arguments: Lakeshore372Agent has no option --dwell-delay; did you mean --dwell-time-delay?",
        ),
        (
            FRIDGE,
            [["--dwell-time-delay", "soon"]],
            ".arguments: --dwell-time-delay: soon is not a whole number; write, for example, [--dwell-time-delay, 0]",
        ),
        (FRIDGE, [["--serial-number", "X"]], ".arguments[0]: livemon sets --serial-number itself; write serial"),
        (FRIDGE, [["--serial", "X"]], ".arguments[0]: livemon sets --serial-number itself; write serial"),
        (FRIDGE, [["--ip-address=192.0.2.1"]], ".arguments[0]: livemon sets --ip-address itself; write address"),
        (
            FRIDGE,
            [["--mode", "idle"]],
            ".arguments[0]: livemon sets --mode itself; leave it out: it reads as soon as it runs",
        ),
        (
            FRIDGE,
            [["--enable-control-chan"]],
            ".arguments[0]: livemon sets --enable-control-chan itself; write also_reads: [control_input]",
        ),
        (
            DIODES,
            [["--port", "/dev/x"]],
            ".arguments[0]: livemon sets --port itself; write address, or none if it is on USB",
        ),
        (
            FRIDGE,
            [["--configfile", {"secret": "x"}]],
            ".arguments[0]: an instrument's options are not secret; write the word itself",
        ),
        (
            FRIDGE,
            [["--configfile", "/files/init.yaml"]],
            ".arguments: /files/init.yaml is not among files; add the file on this computer that is to be init.yaml there",
        ),
    ],
)
def test_a_mistake_in_the_arguments_of_an_instrument(found, entry, arguments, expected):
    assert expected in found(entry | {"arguments": arguments})


@pytest.mark.parametrize("number", MODELS)
def test_the_options_that_livemon_sets_are_those_of_the_agent(number):
    parser = importlib.import_module(MODELS[number].agent_module).make_parser()
    known = {option for action in parser._actions for option in action.option_strings}
    assert instrument_arguments.set_by_livemon(MODELS[number]).keys() <= known


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            "curves/still.340",
            ".files: this is text; write a list of files on this computer, for example [curves/still.340]",
        ),
        ([4], ".files[0]: this is a number; write the path of a file on this computer, for example curves/still.340"),
        (["curves/none.340"], "curves/none.340; a relative path begins at the directory of the inventory file"),
        (["curves"], "curves; a relative path begins at the directory of the inventory file"),
        (
            ["curves/a b.340"],
            ".files[0]: 'a b.340' is not a possible name here; use letters, digits, '.', '+', '-' and '_'",
        ),
        (
            ["curves/still.340", "./curves/still.340"],
            ".files[1]: still.340 is already the name of files[0]; rename one of them: they are in one directory",
        ),
    ],
)
@pytest.mark.parametrize(
    ("key", "entry"), [("instruments", FRIDGE), ("ocs_agents", {"agent_class": "FakeDataAgent", "id": "fake1"})]
)
def test_a_mistake_in_files(found, key, entry, files, expected):
    (said,) = found(entry | {"files": files}, key)
    assert said.endswith(expected)


def test_an_agent_is_restarted_when_its_file_changes_and_no_other(tmp_path):
    curve = tmp_path / "still.340"
    entry = FRIDGE | {"files": [str(curve)]}

    def checksums() -> dict[str, str]:
        config = ocs.site_config([entry, DIODES], [], "lab", 60, files=agent_files([entry, DIODES], [], None))
        return {each["id"]: each["checksum"] for each in ocs.agent_services(config, "lab")}

    curve.write_text("1 2")
    before = checksums()
    curve.write_text("1 3")
    after = checksums()
    assert [name for name in before if before[name] != after[name]] == ["control"]
