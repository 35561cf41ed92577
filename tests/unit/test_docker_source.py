"""Where Docker comes from."""

import pytest

from plugins.plugin_utils.host.docker_source import source


@pytest.mark.parametrize(
    ("distribution", "release", "expected"),
    [
        ("Ubuntu", "18.04", "docker"),
        ("Ubuntu", "20.04", "distribution"),
        ("Ubuntu", "24.04", "distribution"),
        ("Debian", "12.11", "docker"),
        ("Debian", "13.1", "distribution"),
        ("Debian", "forky/sid", "distribution"),
    ],
)
def test_a_machine_without_an_engine_gets_the_distributions_where_that_brings_compose(distribution, release, expected):
    assert source("auto", distribution, release, is_installed=False, own_engines=[]) == expected


@pytest.mark.parametrize(
    ("own_engines", "expected"), [([], "existing"), (["docker.io"], "distribution"), (["docker-ce"], "docker")]
)
@pytest.mark.parametrize("release", ["18.04", "24.04"])
def test_an_engine_that_is_there_stays_whose_it_is(own_engines, expected, release):
    assert source("auto", "Ubuntu", release, is_installed=True, own_engines=own_engines) == expected


@pytest.mark.parametrize("wanted", ["distribution", "docker", "existing"])
@pytest.mark.parametrize("is_there", [True, False])
def test_what_the_site_says_holds(wanted, is_there):
    assert source(wanted, "Ubuntu", "18.04", is_installed=is_there, own_engines=["docker.io"]) == wanted
