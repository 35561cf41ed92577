"""Which code an agent class of the site config is."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from livemon.agents.classes import resolve
from livemon.errors import ConfigError


@dataclass
class Plugin:
    """What `importlib.metadata` gives for an installed package, as far as it is asked."""

    agents: dict | Exception

    def load(self):
        if isinstance(self.agents, Exception):
            raise self.agents
        return SimpleNamespace(agents=self.agents)


def offering(package, *names):
    return Plugin({name: {"module": f"{package}.{name}", "entry_point": "main"} for name in names})


PLUGINS = {
    "zeta": offering("zeta", "Pump", "Lakeshore240Agent", "Gauge"),
    "alpha": offering("alpha", "Pump", "Valve"),
    "socs": offering("socs", "Lakeshore240Agent", "FakeDataAgent"),
    "ocs": offering("ocs", "AggregatorAgent", "FakeDataAgent"),
}


@pytest.mark.parametrize(
    ("wanted", "plugin", "module"),
    [
        ("AggregatorAgent", "livemon", "livemon.agents.aggregator"),
        ("FakeDataAgent", "ocs", "ocs.FakeDataAgent"),
        ("Lakeshore240Agent", "socs", "socs.Lakeshore240Agent"),
        ("Gauge", "zeta", "zeta.Gauge"),
        ("zeta:Pump", "zeta", "zeta.Pump"),
        ("alpha:Pump", "alpha", "alpha.Pump"),
        ("zeta:Lakeshore240Agent", "zeta", "zeta.Lakeshore240Agent"),
        ("ocs:AggregatorAgent", "ocs", "ocs.AggregatorAgent"),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_precedence_does_not_depend_on_the_order_of_packages(wanted, plugin, module, order):
    found = resolve(wanted, dict(list(PLUGINS.items())[::order]))
    assert (found.plugin, found.module) == (plugin, module)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("Pump", "offered by more than one plugin: write alpha:Pump or zeta:Pump"),
        ("Lakeshore42Agent", "did you mean Lakeshore240Agent? Known are AggregatorAgent, FakeDataAgent, Gauge"),
        ("nowhere:Pump", "there is no plugin 'nowhere'; known are alpha, livemon, ocs, socs, zeta"),
        ("alpha:Gauge", "unknown agent-class 'alpha:Gauge'. Known are Pump, Valve"),
    ],
)
def test_what_cannot_be_resolved_says_what_to_write(wanted, sentence):
    with pytest.raises(ConfigError) as caught:
        resolve(wanted, PLUGINS)
    assert sentence in str(caught.value)


def test_a_broken_plugin_harms_nobody_but_is_named():
    plugins = PLUGINS | {"broken": Plugin(ImportError("no module named pumps"))}
    assert resolve("Gauge", plugins).plugin == "zeta"
    with pytest.raises(ConfigError, match="cannot be loaded: broken"):
        resolve("Heater", plugins)


def test_the_installed_classes_are_found():
    assert resolve("AggregatorAgent").module == "livemon.agents.aggregator"
    assert resolve("FakeDataAgent").module == "ocs.agents.fake_data.agent"
    assert resolve("Lakeshore372Agent").module == "socs.agents.lakeshore372.agent"
