"""Faults in the key ``arguments`` of an instrument: further options of its agent, beside those that livemon sets itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import catalogue
from ..entries import is_list
from ..models import Model
from ..secret_references import is_reference
from .agent_arguments import argument_faults

KEY = "arguments"


def of_instrument(place: str, arguments: Any, model: Model) -> Iterator[str]:
    """Every fault of the arguments, a list of lists of words as in ``ocs_agents``."""
    if not is_list(arguments) or not all(is_list(words) and words for words in arguments):
        yield f"{place}.{KEY}: write a list of lists, for example [[--sampling-frequency, 1]]"
        return
    instead = set_by_livemon(model)
    for number, words in enumerate(arguments):
        where = f"{place}.{KEY}[{number}]"
        if any(map(is_reference, words)):
            yield f"{where}: an instrument's options are not secret; write the word itself"
        option = str(words[0]).partition("=")[0]
        # The agents' parser completes an option that is cut short.
        for name in (name for name in instead if len(option) > len("--") and name.startswith(option)):
            yield f"{where}: livemon sets {name} itself; {instead[name]}"
    yield from argument_faults(place, arguments, catalogue.classes().get(model.agent_class))


def set_by_livemon(model: Model) -> dict[str, str]:
    """Return the options that livemon gives to the agent of a model, and what to write in the inventory instead."""
    options = {model.network_option("host")[0]: "write address"}
    if model.usb:
        options[model.usb.option("/dev/x")[0]] = "write address, or none if it is on USB"
    elif model.adapter_option:
        options[model.adapter_option("/dev/x")[0]] = "write address, or usb_adapter"
    if model.serial_option:
        options[model.serial_option] = "write serial"
    options |= dict.fromkeys(
        (word for word in model.start_options if word.startswith("--")), "leave it out: it reads as soon as it runs"
    )
    return options | {
        extra.option[0]: f"write also_reads: [{name}]" for name, extra in model.extras.items() if extra.option
    }
