"""Faults in ``arguments`` of an agent, by the options of its class.

The words are read as OCS and argparse read them (``ocs/site_config.py``: ``ArgContainer``): all lists are joined; a word that starts
with a dash and a letter behind it is an option, and what follows are its values. Options can be abbreviated.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import catalogue
from ..catalogue import AgentClass, Option
from ..secret_references import is_reference
from . import secrets

_SITE_CONFIG = "livemon writes the site config itself"
REFUSED = {
    "--site": _SITE_CONFIG,
    "--site-file": _SITE_CONFIG,
    "--site-host": _SITE_CONFIG,
    "--site-hub": _SITE_CONFIG,
    "--site-http": _SITE_CONFIG,
    "--site-realm": _SITE_CONFIG,
    "--instance-id": "the key id gives it",
    "--address-root": "data nodes, dashboards and the archive need the one of all agents",
    "--registry-address": "OCS does not use it any more",
    "--log-dir": "an agent's log is what docker logs shows",
    "--working-dir": "an agent has a container of its own",
    "--crossbar-timeout": "an agent waits for the router as long as necessary",
    "--help": "the agent would print its options and end; docs/agents.md lists them",
}
"""Options that OCS gives to every agent and livemon sets, and the reason why an inventory cannot."""
_HELP = Option(names=("--help", "-h"), nargs=0)
_NUMBER = re.compile(r"-\d+\Z|-\d*\.\d+\Z")
_OFF = {"false", "no", "off", "0", "none"}
_YAML_WORDS = {True: ("on", "yes", "true", "y"), False: ("off", "no", "false", "n")}


@dataclass(frozen=True)
class Given:
    """An option as it is written, and the values behind it."""

    word: str
    values: list[Any] = field(default_factory=list)


def argument_faults(place: str, arguments: Iterable[Iterable[Any]], agent_class: AgentClass | None) -> Iterator[str]:
    """Every fault of an agent's arguments, a list of lists of words.

    If `agent_class` is not known, only what no agent can have is a fault.
    """
    words = [word for words in arguments for word in words]
    # Otherwise that is a fault of the secrets among them.
    if all(_is_word(word) for word in words):
        for fault in _faults(words, agent_class):
            yield f"{place}.arguments: {fault}"


def _faults(words: Sequence[Any], agent_class: AgentClass | None) -> Iterator[str]:
    for word in words:
        # OCS itself fails with "string index out of range".
        if isinstance(word, str) and not word.strip("-"):
            yield f"OCS cannot pass on {word!r}; leave this word out, and its option"
    first, *options = _grouped(words)
    for value in first.values[:1]:
        yield f"{_shown(value)} does not follow an option; {_meant_as_option(str(value), agent_class)}"
    found: list[str] = []
    for each in options:
        name, equals, behind = each.word.partition("=")
        option, fault = _option_of(name, agent_class)
        if option:
            found.append(option.name)
        if fault:
            yield fault
        elif not _is_short(name, option):
            values = [behind, *each.values] if equals else each.values
            yield from (f"{name}: {each}" for each in _value_faults(option, values, bool(equals), agent_class))
    yield from _occurrence_faults(found, agent_class)


def _is_word(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float)) or is_reference(value)


def _grouped(words: Iterable[Any]) -> list[Given]:
    """Return the options with their values, after one entry without a name with what stands before the first option."""
    groups = [Given("")]
    for word in words:
        if isinstance(word, str) and _is_option(word):
            groups.append(Given(word))
        else:
            groups[-1].values.append(word)
    return groups


def _is_option(word: str) -> bool:
    # To argparse a word with a space in it is a value. `--mode acq` is one only by mistake.
    return word.startswith("-") and word.strip("-")[:1].isalpha() and (" " not in word or word.startswith("--"))


def _option_of(name: str, agent_class: AgentClass | None) -> tuple[Option | None, str | None]:
    """Return the option of that name, and why it cannot be given; without either, any agent of an unknown class may have it."""
    matching = _matching(name, agent_class)
    if len(matching) > 1:
        return None, f"{name} is short for {' and '.join(each.name for each in matching)}; write it in full"
    if not matching:
        return None, _unknown(name, agent_class) if agent_class else None
    (option,) = matching
    return option, f"{option.name} cannot be given; {REFUSED[option.name]}" if option.name in REFUSED else None


def _matching(word: str, agent_class: AgentClass | None) -> list[Option]:
    """Return the options that a word may stand for: the one of that name, or those of which it is the beginning."""
    options = [*(agent_class.options if agent_class else ()), *catalogue.site_options(), _HELP]
    exact = [option for option in options if word in option.names]
    if exact or not agent_class:
        return exact
    if not word.startswith("--"):
        return [option for option in options if word[:2] in option.names]
    return [option for option in options if any(name.startswith(word) for name in option.names)]


def _occurrence_faults(found: Sequence[str], agent_class: AgentClass | None) -> Iterator[str]:
    """Every fault of how often options are given, by the names of those that are."""
    for name in dict.fromkeys(name for name in found if found.count(name) > 1):
        yield f"{name} is given twice, and the agent gets only the last; write it once"
    for option in agent_class.options if agent_class else ():
        if option.required and option.name not in found:
            yield f"{option.name} is missing, which every {agent_class.name if agent_class else ''} needs; add {_example(option)}"


def _is_short(word: str, option: Option | None) -> bool:
    """Whether it is a one-letter option together with its value, ``-t5``, or several times, ``-vv``."""
    return option is not None and not word.startswith("--") and word not in option.names


def _unknown(word: str, agent_class: AgentClass) -> str:
    first, space, rest = word.partition(" ")
    if space:
        return f"{first} and its value are one word here; write two: [{first}, {_shown(rest.strip(), first)}]"
    return f"{agent_class.name} has no option {word}; {_existing(word, agent_class)}"


def _existing(word: str, agent_class: AgentClass) -> str:
    """Say which option was meant, or which there are."""
    names = [name for option in agent_class.options for name in option.names]
    bare = {name.strip("-").replace("_", "-").lower(): name for name in names}
    near = difflib.get_close_matches(word.strip("-").replace("_", "-").lower(), bare, n=1)
    if near:
        return f"did you mean {bare[near[0]]}?"
    return f"it has {', '.join(option.name for option in agent_class.options)}" if names else "it has none"


def _meant_as_option(word: str, agent_class: AgentClass | None) -> str:
    hint = "write the option before its value, for example [--mode, acq]"
    return _existing(word, agent_class) if agent_class and agent_class.options else hint


def _value_faults(
    option: Option | None, values: Sequence[Any], is_joined: bool, agent_class: AgentClass | None
) -> Iterator[str]:
    """Every fault of an option's values; `is_joined`: the first is written behind ``=``."""
    if option is None or agent_class is None:
        yield from (_quotes(value) for value in values if value is None or isinstance(value, bool))
    elif fault := _count_fault(option, values, is_joined, agent_class):
        yield fault
    else:
        for number, value in enumerate(values):
            if fault := _value_fault(option, value, is_joined and number == 0):
                yield fault


def _count_fault(option: Option, values: Sequence[Any], is_joined: bool, agent_class: AgentClass) -> str | None:
    count = len(values)
    if option.nargs == 0:
        return f"takes no value; write [{option.name}] alone" if count else None
    if not count:
        return None if option.nargs == "*" else f"needs a value; write, for example, {_example(option)}"
    if is_joined and count > 1:
        return f"takes only the value behind =; write {_example(option)}, all in one list"
    wanted = 1 if option.nargs is None else option.nargs
    if isinstance(wanted, int) and count != wanted:
        stray = next((str(value) for value in values[wanted:] if _is_name(value, agent_class)), None)
        hint = f"; did you mean {_existing(stray, agent_class).split()[-1]}" if stray else ""
        numbers = "one value" if wanted == 1 else f"{wanted} values"
        return f"takes {numbers} and is followed by {', '.join(_shown(value, option.name) for value in values)}{hint}"
    return None


def _is_name(value: Any, agent_class: AgentClass) -> bool:
    """Whether a value is an option without its dashes."""
    return any(str(value) == name.strip("-") for option in agent_class.options for name in option.names)


def _value_fault(option: Option, value: Any, is_joined: bool) -> str | None:
    text = str(value)
    if is_reference(value) or not text.strip("-"):
        return None
    if _looks_like_an_option(text) and not is_joined:
        return (
            f"{_shown(value, option.name)} would be read as an option; write {option.name}={_shown(value, option.name)}"
        )
    if option.choices:
        return _choice_fault(option, value, text)
    if option.type in ("int", "float"):
        return _number_fault(option, value, text)
    if value is not None and _is_switch(option):
        return _switch_fault(option, text)
    return _quotes(value) if value is None or isinstance(value, bool) else None


def _number_fault(option: Option, value: Any, text: str) -> str | None:
    try:
        int(text) if option.type == "int" else float(text)
    except ValueError:
        wanted = "a whole number" if option.type == "int" else "a number"
        return f"{_shown(value, option.name)} is not {wanted}; write, for example, {_example(option)}"
    return None


def _looks_like_an_option(text: str) -> bool:
    """Whether argparse reads it so: what begins with a dash and is not a number such as -1.5 nor a text with spaces."""
    return text.startswith("-") and " " not in text and not _NUMBER.match(text)


def _is_switch(option: Option) -> bool:
    return option.type == "bool" or (option.type is None and isinstance(option.default, bool))


def _switch_fault(option: Option, text: str) -> str | None:
    # Python's bool() of any text but the empty one is true.
    if text.strip().lower() not in _OFF:
        return None
    return f"the agent takes every text as true, also {text}; for false write {option.name}= with nothing behind it"


def _choice_fault(option: Option, value: Any, text: str) -> str | None:
    choices = [str(choice) for choice in option.choices]
    if text in choices:
        return None
    if isinstance(value, bool):
        meant = [choice for choice in choices if choice.lower() in _YAML_WORDS[value]]
        if meant:
            return f'without quotes this means {text.lower()}; write [{option.name}, "{meant[0]}"]'
    near = difflib.get_close_matches(text, choices, n=1)
    hint = f"did you mean {near[0]}?" if near else f"write {' or '.join(choices)}"
    return f"{_shown(value, option.name)} is not one of {', '.join(choices)}; {hint}"


def _quotes(value: Any) -> str:
    """Say how to write what YAML read as its own: what was typed is lost."""
    if value is None:
        return 'YAML reads null, ~ or nothing here; leave the option out, or write "null" in quotes if that is meant'
    on, yes, true, _ = (f'"{word}"' for word in _YAML_WORDS[value])
    return (
        f"without quotes this means {str(value).lower()}; write {on}, {yes} or {true}, as it is in the file, in quotes"
    )


def _example(option: Option) -> str:
    values = list(option.choices) or [{"int": 1, "float": 0.5}.get(str(option.type), "...")]
    default = option.default
    if isinstance(default, (int, float, str)) and not isinstance(default, bool):
        values = [default]
    return (
        f"[{', '.join(map(str, [option.name, *values[:1] * (option.nargs if isinstance(option.nargs, int) else 1)]))}]"
    )


def _shown(value: Any, option: str = "") -> str:
    """Return a value for people, unless it is or looks like a secret."""
    return "(a secret)" if is_reference(value) or secrets.is_secret(option, str(value)) else str(value)
