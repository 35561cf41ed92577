"""Faults in a lab's own agents: the Python files beside the inventory, and the arguments of the agents that they define."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from ..entries import Entry, is_list
from ..own_agents import DIRECTORY, Code, code_of, codes_beside


def codes_of(settings: Entry) -> list[Code]:
    """Return the files beside the inventory to which the settings belong."""
    return codes_beside(settings.get("inventory_dir"))


def classes(codes: Sequence[Code], agent: Entry) -> set[str]:
    """Return the names of the classes that the files define; that of `agent` may be in a file that is not Python."""
    found = {name for code in codes for name in code.classes}
    return found | {str(agent.get("agent_class"))} if any(code.fault for code in codes) else found


def of_files(codes: Sequence[Code]) -> Iterator[str]:
    """Every file that is not Python, and every class that two files define."""
    defined: dict[str, Code] = {}
    for code in codes:
        if code.fault:
            yield f"{code.name}, {code.fault}; correct the file, or move it out of {DIRECTORY}/"
        for name in code.classes:
            if name in defined:
                yield f"{code.name}: class {name} is also defined in {defined[name].name}; give one of them another name"
            defined[name] = code


def of_agent(place: str, agent: Entry, codes: Sequence[Code]) -> Iterator[str]:
    """Every fault of an agent whose class one of the files defines."""
    code = code_of(agent, codes)
    if code is None:
        return
    if not code.starts:
        yield f"{place}.agent_class: {code.name} has no function main(args=None), which starts the agent; see docs/own-agents.md"
    arguments = agent.get("arguments") or []
    if code.options is not None and is_list(arguments):
        for number, words in enumerate(arguments):
            if is_list(words) and words:
                yield from _unknown_option(f"{place}.arguments[{number}]", str(words[0]), code)


def _unknown_option(place: str, option: str, code: Code) -> Iterator[str]:
    known = code.options or frozenset()
    name = option.partition("=")[0]
    if name.startswith("-") and name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        options = ", ".join(sorted(known)) or "none"
        yield f"{place}: {code.name} has no option {name}; {f'did you mean {near[0]}?' if near else f'it has {options}'}"
