"""Windows that are in no archive, saved in files: the history of this machine and its agents survives a restart."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from twisted.internet.interfaces import IReactorCore
from twisted.internet.task import LoopingCall

from livemon.log import log
from livemon.nodes.blocks import BlockField, BlockNode
from livemon.series.block import Block
from livemon.sisock.datanode import DataNodeServer

if TYPE_CHECKING:
    from livemon.sisock.nodehost import NodeHost

SAVE_EVERY = 300.0
"""Seconds."""


class WindowFiles:
    """Saves the windows of those nodes of a host that ask for it, every few minutes and at shutdown, and restores them.

    Parameters
    ----------
    directory
        Has one file for each node, ``<name>.npz``.
    host
        The nodes.
    """

    def __init__(self, directory: Path, host: NodeHost) -> None:
        self.directory = directory
        self._host = host
        self._saving = LoopingCall(self.save)

    def start(self, reactor: IReactorCore) -> None:
        """Restore each node that is added to the host, and save from now on."""
        self._host.restore = self.restore
        self._saving.start(SAVE_EVERY, now=False)
        reactor.addSystemEventTrigger("before", "shutdown", self.save)

    def save(self) -> None:
        """Save every window; one that cannot be saved is logged and does not prevent the others."""
        for node in list(self._host.nodes.values()):
            if _is_saved(node):
                try:
                    save_window(node, self._path(node))
                except OSError as error:
                    log.warn("cannot save the window of {name}: {error}", name=node.name, error=error)

    def restore(self, node: DataNodeServer) -> None:
        """Restore the window of a node, if it has been saved; one that cannot be read is logged."""
        path = self._path(node)
        if not _is_saved(node) or not path.exists():
            return
        try:
            load_window(node, path)
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            log.warn("cannot read the saved window of {name}: {error}", name=node.name, error=error)

    def _path(self, node: DataNodeServer) -> Path:
        return self.directory / f"{node.name}.npz"


def save_window(node: BlockNode, path: Path) -> None:
    """Write a node's fields and blocks; atomically, so that a crash leaves the file as it was."""
    about = {
        "fields": {key: dataclasses.asdict(field) for key, field in node.fields.items()},
        "blocks": {name: block.fields for name, block in node.blocks.items()},
    }
    arrays: dict[str, NDArray[Any]] = {"about": np.array(json.dumps(about))}
    for number, block in enumerate(node.blocks.values()):
        arrays[f"times_{number}"] = block.times
        arrays[f"values_{number}"] = np.array([block.values(field) for field in block.fields]).reshape(-1, len(block))
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_window(node: BlockNode, path: Path) -> None:
    """Insert what :func:`save_window` wrote, as far as the node's window reaches; what the node itself says of its fields stays.

    Raises
    ------
    OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile
        If the file cannot be read.
    """
    with path.open("rb") as file, np.load(file) as arrays:
        about = json.loads(arrays["about"].item())
        fields = {key: BlockField(**attributes) for key, attributes in about["fields"].items()}
        oldest = node.clock() - node.window
        for number, (name, names) in enumerate(about["blocks"].items()):
            times = arrays[f"times_{number}"]
            recent = times >= oldest
            data = dict(zip(names, arrays[f"values_{number}"][:, recent], strict=True))
            if data and recent.any():
                node.blocks.setdefault(name, Block(node.window)).insert(times[recent], data, node.clock())
    known = {key: field for key, field in fields.items() if field.block in node.blocks}
    node.fields = known | node.fields


def _is_saved(node: DataNodeServer) -> TypeGuard[BlockNode]:
    return isinstance(node, BlockNode) and node.outlives_restarts
