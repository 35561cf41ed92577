"""Each instrument is a folder, and every part of it keeps to what the rest expects of it."""

import re

import pytest
from paths import ROOT

from livemon.agents import classes
from livemon.instruments import folders
from livemon.instruments.common.instrument import Instrument
from plugins.plugin_utils.inventory.models import MODELS as FOR_ANSIBLE

MODELS = folders.models()
DRIVERS = folders.parts("driver")


@pytest.mark.parametrize("number", MODELS)
def test_a_simulator_has_the_channels_that_an_inventory_can_write(number):
    simulator = folders.part(folders.folder_of(number), "simulator").SIMULATOR
    assert issubclass(simulator, Instrument)
    assert {str(each) for each in simulator.INPUTS} >= set(MODELS[number].channels)


@pytest.mark.parametrize("number", MODELS)
def test_its_agent_is_the_one_that_the_launcher_finds(number):
    model = MODELS[number]
    assert classes.resolve(model.agent_class).module == model.agent_module


@pytest.mark.parametrize("number", MODELS)
def test_fields_have_names_of_their_own_and_what_a_channel_is_read_for_comes_first(number):
    model = MODELS[number]
    fields = [field for channel in model.channels for field in (*model.fields(channel), *model.flags(channel))]
    extras = [field for extra in model.extras.values() for field in (*extra.fields, *extra.flags)]
    names = [field.name for field in (*fields, *extras, *model.settings)]
    assert len(names) == len(set(names))
    first = [(model.fields(channel)[0].quantity, model.fields(channel)[0].unit) for channel in model.channels]
    assert set(first) == {(model.reading.quantity, model.reading.unit)}
    assert (model.reading.quantity == "temperature") == (model.reading.unit == "K") == (model.kelvins is not None)


@pytest.mark.parametrize("number", [number for number, model in MODELS.items() if model.usb])
def test_usb_ids_are_written_as_the_kernel_writes_them(number):
    usb = MODELS[number].usb
    assert re.fullmatch("[0-9a-f]{4} [0-9a-f]{4}", f"{usb.vendor} {usb.product}")
    assert usb.option("/dev/X1")[1] == "/dev/X1"


def test_names_and_agents_belong_to_one_instrument_each():
    every = list(MODELS.values())
    assert len(every) == len(folders.parts("facts"))
    for of_one in (lambda model: model.name, lambda model: model.agent_class):
        assert len({of_one(model) for model in every}) == len(every)


def test_ansible_reads_the_same_facts():
    def summary(model):
        channels = {channel: repr((model.fields(channel), model.flags(channel))) for channel in model.channels}
        return model.number, model.port, model.operations, repr(model.extras), channels, model.network_option("a:1")

    assert [summary(model) for model in FOR_ANSIBLE.values()] == [summary(model) for model in MODELS.values()]


@pytest.mark.parametrize("folder", DRIVERS)
def test_a_driver_names_its_module_and_what_its_agent_constructs(folder):
    driver = DRIVERS[folder]
    module, name = driver.CONSTRUCTOR
    assert driver.MODULE.startswith("socs.Lakeshore.")
    assert module.startswith("socs.")
    assert name
    assert callable(driver.frame)


def test_a_folder_without_facts_is_not_an_instrument():
    assert not folders.has("common", "facts")
    with pytest.raises(KeyError):
        folders.folder_of("373")


@pytest.mark.parametrize("page", ["docs/inventory.md", "docs/simulators.md", "README.md"])
def test_pages_for_users_name_every_model(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert all(number in text for number in MODELS)
