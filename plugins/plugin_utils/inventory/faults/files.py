"""Why Ansible cannot read a file of the inventory: with its line, and what to write instead.

Ansible tries one reader after the other and reports the complaint of each. Here the file is checked before that, as YAML nodes,
which know their lines and what was typed. Besides what YAML cannot read, faults are what Ansible would ignore with a warning (a list
in the wrong place, a duplicate key) and numbers and times that are not what they look like: 0123456 is 42798 in YAML 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from . import yaml_errors
from .inventory import SETTINGS

SUFFIXES = {".yml", ".yaml"}
VARIABLES = ("group_vars", "host_vars")
GROUP_KEYS = ("hosts", "vars", "children")
_VAULT = "$ANSIBLE_VAULT"
_TAGS = re.compile(r"tag:yaml\.org,2002:|!(vault|vault-encrypted|unsafe)\Z")
_USUAL = re.compile(r"[-+]?(0|[1-9][0-9]*)|[-+]?([0-9]+\.[0-9]*|\.[0-9]+)(e[-+][0-9]+)?|[-+]?\.inf|\.nan", re.I)
"""Numbers that are what they look like."""
_ODD = {"int": ", or the number in decimal", "float": ", or the number in decimal", "timestamp": ""}
"""What YAML may read otherwise than it looks, and what to write besides quotes."""


def faults(source: Path) -> list[str]:
    """Return why an inventory file and the variables beside it cannot be read as meant, each fault with file and line.

    Empty for a file that can be read, for one whose name is not that of a YAML file, and for one that Ansible Vault encrypted as a
    whole.
    """
    if source.suffix not in SUFFIXES or not source.is_file():
        return []
    found = [f"{source}{fault}" for fault in _faults_of(source, is_inventory=True)]
    return found + [
        f"{path}{fault}" for path in variables_beside(source) for fault in _faults_of(path, is_inventory=False)
    ]


def variables_beside(source: Path) -> list[Path]:
    """Return the files of variables that belong to an inventory file: those below ``group_vars`` and ``host_vars`` beside it."""
    below = (path for name in VARIABLES for path in (source.parent / name).rglob("*"))
    return sorted(path for path in below if path.suffix in SUFFIXES and path.is_file())


def places(source: Path, name: str) -> list[str]:
    """Return where a template refers to a variable of that name: ``file, line 12`` each, in order."""
    word = re.compile(rf"\{{\{{.*(?<![\w.]){re.escape(name)}(?!\w).*\}}\}}", re.S)
    found = []
    for path in (source, *variables_beside(source)):
        root = _root(path) if path.suffix in SUFFIXES else None
        found += [
            f"{path}, line {node.start_mark.line + 1}"
            for node in _walk(root)
            if isinstance(node, yaml.ScalarNode) and word.search(node.value)
        ]
    return found


def _root(path: Path) -> yaml.Node | None:
    try:
        return _composed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None


def _composed(text: str) -> yaml.Node | None:
    if text.startswith(_VAULT):
        return None
    root: yaml.Node | None = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return root


def _faults_of(path: Path, *, is_inventory: bool) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8")
        root = _composed(text)
    except UnicodeDecodeError as error:
        yield f": byte {error.start + 1} is not UTF-8; save the file as UTF-8"
    except OSError as error:
        yield f": {error.strerror}"
    except yaml.YAMLError as error:
        yield yaml_errors.explained(text, error)
    else:
        for node, fault in _complaints(root, is_inventory=is_inventory and not text.startswith(_VAULT)):
            yield f", line {node.start_mark.line + 1}: {fault}" if node else f": {fault}"


def _complaints(root: yaml.Node | None, *, is_inventory: bool) -> Iterator[tuple[yaml.Node | None, str]]:
    if root is None and is_inventory:
        yield None, "this file is empty; start from inventory/example"
    elif root is not None:
        yield from _everywhere(root)
        if not isinstance(root, yaml.MappingNode):
            yield (
                root,
                f"this is {_kind(root)}; a file of the inventory starts with a name and a colon, as in inventory/example",
            )
        elif is_inventory and "plugin" not in _keys(root):
            for name, group in root.value:
                yield from _of_group(name, group)
    yield from _odd_values(root)


def _of_group(name: yaml.Node, group: yaml.Node) -> Iterator[tuple[yaml.Node, str]]:
    """Yield what Ansible would ignore in a group of hosts."""
    if name.value in SETTINGS:
        yield (
            name,
            f"{name.value} is a setting, but this is the place of groups of machines; write it under livemon, vars",
        )
    elif isinstance(group, yaml.MappingNode):
        for key, value in group.value:
            yield from _of_section(name.value, key, value)
    elif not _is_empty(group):
        yield name, f"{name.value}: this is {_kind(group)}; write hosts: and vars: under it, as in inventory/example"


def _of_section(group: str, key: yaml.Node, value: yaml.Node) -> Iterator[tuple[yaml.Node, str]]:
    if key.value not in GROUP_KEYS:
        yield (
            key,
            f"{key.value} is beside hosts and vars of {group}, where Ansible ignores it; write it under vars",
        )
    elif not isinstance(value, yaml.MappingNode):
        if not _is_empty(value) and not (key.value == "hosts" and isinstance(value, yaml.ScalarNode)):
            example = {"hosts": "monitor:", "vars": "instruments: []", "children": "livemon:"}[key.value]
            yield (
                key,
                f"{key.value}: this is {_kind(value)}; write a name and a colon on each line, without a dash: {example}",
            )
    elif key.value == "children":
        for name, child in value.value:
            yield from _of_group(name, child)


def _everywhere(root: yaml.Node) -> Iterator[tuple[yaml.Node, str]]:
    """Yield what no file of Ansible may have in any place."""
    for node in _walk(root):
        if not _TAGS.match(node.tag):
            yield node, f"{node.tag} is unknown to Ansible; put text that starts with ! in quotes"
        if not isinstance(node, yaml.MappingNode):
            continue
        first: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                yield key, 'text that starts with {{ must be in quotes: "{{ ... }}"'
            elif key.value in first:
                yield (
                    key,
                    f"{key.value} is a duplicate of the key in line {first[key.value]}, and one of them would be lost; write it once",
                )
            else:
                first[key.value] = key.start_mark.line + 1


def _odd_values(root: yaml.Node | None) -> Iterator[tuple[yaml.Node, str]]:
    """Yield the numbers and times among our settings that YAML 1.1 reads as other ones."""
    settings = [
        value
        for node in _walk(root)
        if isinstance(node, yaml.MappingNode)
        for key, value in node.value
        if isinstance(key, yaml.ScalarNode) and key.value in SETTINGS
    ]
    for node in dict.fromkeys(each for value in settings for each in _walk(value)):
        kind = node.tag.rpartition(":")[2]
        if kind not in _ODD or not isinstance(node, yaml.ScalarNode) or node.style:
            continue
        read = _constructed(node)
        if not _USUAL.fullmatch(node.value) and node.value != str(read):
            yield node, f'{node.value} without quotes is read as {read}; write "{node.value}" in quotes{_ODD[kind]}'


def _constructed(node: yaml.ScalarNode) -> object:
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except ValueError:  # such as that of the 31st of February
        return "an impossible date"


def _walk(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Yield a node and all below it, once each, in their order: an alias leads to a node that was yielded before."""
    todo, seen = [root] if root is not None else [], set[int]()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        todo += reversed(_children(node))


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [each for pair in node.value for each in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _keys(node: yaml.MappingNode) -> Iterable[str]:
    return [key.value for key, _ in node.value]


def _is_empty(node: yaml.Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"


def _kind(node: yaml.Node) -> str:
    kinds: dict[type[yaml.Node], str] = {yaml.SequenceNode: "a list", yaml.MappingNode: "a mapping"}
    return kinds.get(type(node), "text")
