"""What a change of daemon.json takes."""

import json

import pytest

from plugins.plugin_utils.inventory.rendering.docker_daemon import difference, missing

LOGS = {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}
MIRRORS = {"registry-mirrors": ["https://mirror.lab.example"]}
WANTED = LOGS | {"live-restore": True}


@pytest.mark.parametrize(
    ("current", "wanted", "reload", "restart"),
    [
        (WANTED, WANTED, [], []),
        (WANTED, WANTED | MIRRORS, ["registry-mirrors"], []),
        (WANTED | MIRRORS, WANTED, ["registry-mirrors"], []),
        (LOGS, WANTED, ["live-restore"], []),
        (LOGS | {"log-opts": {"max-size": "1m"}}, WANTED, ["live-restore"], ["log-opts"]),
        (WANTED, {}, ["live-restore"], ["log-driver", "log-opts"]),
        (WANTED | {"data-root": "/srv/docker"}, WANTED, [], ["data-root"]),
    ],
)
def test_what_is_reloaded_and_what_needs_a_restart(current, wanted, reload, restart):
    assert difference(json.dumps(current, indent=4), wanted) == {"reload": reload, "restart": restart}


@pytest.mark.parametrize("current", ["", "  \n", "{", "[]", "null"])
def test_of_no_file_or_a_broken_one_everything_is_missing(current):
    assert missing(current, WANTED) == WANTED


def test_what_its_owner_has_besides_is_not_missing():
    assert missing(json.dumps({"data-root": "/srv/docker", "live-restore": True} | MIRRORS), WANTED) == LOGS
