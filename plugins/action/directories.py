"""The action `directories`: one look at the host says what differs, and Ansible's own modules change only that.

What it does and takes is documented in plugins/modules/directories.py, where Ansible expects it.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.hashing import checksum, checksum_s

ATTRIBUTES = {name: {"type": "str"} for name in ("owner", "group", "mode")}
ARGUMENTS = {
    "directories": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "path": {"type": "str", "required": True},
            **ATTRIBUTES,
            "files": {"type": "dict", "default": {}},
            "copies": {"type": "dict", "default": {}},
            **{f"file_{name}": argument for name, argument in ATTRIBUTES.items()},
            "remove": {"type": "list", "elements": "str", "default": []},
            "validate": {"type": "str"},
        },
    }
}

Attributes = dict[str, str]
Entry = Mapping[str, Any]
"""What `ansible.builtin.find` reports of a file or directory."""


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """Bring directories and the files in them to the wanted state."""

    _requires_connection = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the usual result of an action, with `created` and `removed`: paths that were not there before or are not now."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        self._task_vars = task_vars
        self._result: dict[str, Any] = result | {"changed": False, "created": [], "removed": [], "diff": []}
        directories = [each | {"path": str(PurePosixPath(each["path"]))} for each in arguments["directories"]]
        self._found = self._look(directories)
        for directory in directories:
            self._make(directory)
        for directory in directories:
            self._fill(directory)
        self._remove(directories)
        return self._result

    def _look(self, directories: Iterable[Mapping[str, Any]]) -> dict[str, Entry]:
        """Return what there is, by path, of all that the task names."""
        named = _named(directories)
        removed = {pattern for each in directories for pattern in each["remove"]}
        look = {
            "paths": sorted({each["path"] for each in directories} | set(map(_parent, named))),
            "patterns": sorted({glob.escape(PurePosixPath(path).name) for path in named} | removed),
            "file_type": "any",
            "hidden": True,
            "get_checksum": True,
        }
        answer = self._run_module("ansible.builtin.find", look)
        return {entry["path"]: entry for entry in answer["files"]}

    def _make(self, directory: Mapping[str, Any]) -> None:
        """Make a directory, and give it the attributes that are stated; one without any is expected to exist."""
        path, attributes = directory["path"], _stated(directory)
        entry = self._found.get(path)
        if not attributes or (entry and entry["isdir"] and _has(entry, attributes)):
            return
        if not entry:
            self._result["created"].append(path)
        self._note(self._run_module("ansible.builtin.file", {"path": path, "state": "directory"} | attributes))

    def _fill(self, directory: Mapping[str, Any]) -> None:
        """Write the files of a directory that differ from what is wanted."""
        attributes = _stated(directory) | {"mode": "0644"} | _stated(directory, "file_")
        for name, content in directory["files"].items():
            path = f"{directory['path']}/{name}"
            if content is None:
                self._keep(path, attributes)
            elif not self._is_there(path, checksum_s(str(content)), attributes):
                self._copy(path, {"content": str(content)}, attributes, directory["validate"])
        for name, given in directory["copies"].items():
            path, source = f"{directory['path']}/{name}", self._find_needle("files", given)
            if not self._is_there(path, checksum(self._loader.get_real_file(source)), attributes):
                self._copy(path, {"src": source}, attributes, directory["validate"])

    def _is_there(self, path: str, wanted: str, attributes: Attributes) -> bool:
        entry = self._found.get(path, {})
        return entry.get("checksum") == wanted and _has(entry, attributes)

    def _keep(self, path: str, attributes: Attributes) -> None:
        """Make an empty file where there is none, and leave the content of one that exists."""
        entry = self._found.get(path)
        if entry and entry["isreg"] and _has(entry, attributes):
            return
        if not entry:
            self._result["created"].append(path)
        state = {"state": "file"} if entry else {"state": "touch"}
        self._note(self._run_module("ansible.builtin.file", {"path": path} | state | attributes))

    def _copy(self, path: str, source: Mapping[str, str], attributes: Attributes, validate: str | None) -> None:
        if path not in self._found:
            self._result["created"].append(path)
        if self._task.check_mode and _parent(path) not in self._found:
            self._result["changed"] = True  # there is no directory yet for which Ansible could foretell more
            return
        task = self._task.copy()
        task.args = {"dest": path, **source, **attributes} | ({"validate": validate} if validate else {})
        copy = self._shared_loader_obj.action_loader.get(
            "ansible.legacy.copy",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        self._note(copy.run(task_vars=self._task_vars), path)

    def _remove(self, directories: Iterable[Mapping[str, Any]]) -> None:
        """Remove what matches a pattern of its directory and is not wanted."""
        wanted = _named(directories)
        unwanted = [(each["path"], pattern) for each in directories for pattern in each["remove"]]
        for path in sorted(self._found.keys() - wanted):
            name, parent = PurePosixPath(path).name, _parent(path)
            if any(parent == directory and fnmatchcase(name, pattern) for directory, pattern in unwanted):
                self._result["removed"].append(path)
                self._note(self._run_module("ansible.builtin.file", {"path": path, "state": "absent"}))

    def _run_module(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            module_name=name, module_args=arguments, task_vars=self._task_vars
        )
        if answer.get("failed"):
            raise AnsibleActionFail(f"{arguments.get('path', name)}: {answer.get('msg', answer)}", result=answer)
        return answer

    def _note(self, answer: Mapping[str, Any], path: str = "") -> None:
        """Take what a module changed into the result of the task."""
        if answer.get("failed"):
            raise AnsibleActionFail(f"{path}: {answer.get('msg', answer)}", result=dict(answer))
        self._result["changed"] |= answer.get("changed", False)
        difference = answer.get("diff") or []
        if answer.get("changed"):
            self._result["diff"] += difference if isinstance(difference, list) else [difference]


def _parent(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _named(directories: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the paths of the directories and of the files that are wanted in them."""
    return {path for each in directories for path in (each["path"], *_files(each))}


def _files(directory: Mapping[str, Any]) -> list[str]:
    """Return the paths of the files that are wanted in a directory."""
    return [f"{directory['path']}/{name}" for name in (*directory["files"], *directory["copies"])]


def _stated(directory: Mapping[str, Any], prefix: str = "") -> Attributes:
    """Return the attributes that an entry states, for the directory itself or, with the prefix, for its files."""
    return {name: directory[prefix + name] for name in ATTRIBUTES if directory[prefix + name]}


def _has(entry: Entry, attributes: Attributes) -> bool:
    """Whether a file or directory has the attributes; users and groups may be names or numbers."""
    have = {
        "owner": {str(entry.get("uid")), entry.get("pw_name")},
        "group": {str(entry.get("gid")), entry.get("gr_name")},
        "mode": {entry.get("mode")},
    }
    return all(value in have[name] for name, value in attributes.items())
