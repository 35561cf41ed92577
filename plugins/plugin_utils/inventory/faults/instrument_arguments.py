"""Faults in the key ``arguments`` of an instrument: further options of its agent, beside those that livemon sets itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..checks import kind
from ..entries import is_list
from ..models import Model

KEY = "arguments"


def of_instrument(place: str, arguments: Any, model: Model) -> Iterator[str]:
    """Every fault of the arguments, a list of lists of words as in ``ocs_agents``."""
    if not is_list(arguments) or not all(is_list(words) and words for words in arguments):
        yield f"{place}.{KEY}: write a list of lists, for example [[--sampling-frequency, 1]]"
        return
    instead = set_by_livemon(model)
    for number, words in enumerate(arguments):
        where = f"{place}.{KEY}[{number}]"
        yield from _word_faults(where, words)
        option = str(words[0]).partition("=")[0]
        if not option.startswith("--"):
            yield f"{where}: {words[0]} is not an option; write the option before its value, for example [--sampling-frequency, 1]"
            continue
        # The agents' parser completes an option that is cut short.
        for name in (name for name in instead if len(option) > len("--") and name.startswith(option)):
            yield f"{where}: livemon sets {name} itself; {instead[name]}"


def _word_faults(place: str, words: Any) -> Iterator[str]:
    for word in words:
        if word is None or isinstance(word, bool):
            read = "nothing" if word is None else str(word).lower()
            yield f"{place}: without quotes a word here means {read}; put what is written in the file in quotes"
        elif not isinstance(word, (str, int, float)):
            yield f"{place}: this is {kind(word)}; write words and numbers only, for example [--sampling-frequency, 1]"


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
    for name, extra in model.extras.items():
        options[extra.option[0]] = f"write also_reads: [{name}]"
    return options
