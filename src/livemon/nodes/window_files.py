"""Windows that no archive has, kept in files: what this machine and its agents did is still there after a restart."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from pathlib import Path

import numpy as np
from twisted.internet import reactor
from twisted.internet.task import LoopingCall

from livemon.log import log
from livemon.nodes.blocks import BlockNode, Info
from livemon.series.block import Block
from livemon.sisock.datanode import DataNodeServer
from livemon.sisock.nodehost import NodeHost

SAVE_EVERY = 300.0


class Kept:
    """Saves the windows of a host's nodes that ask for it, every few minutes and at the end, and gives them back.

    Parameters
    ----------
    directory
        One file for each node, ``<name>.npz``.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._saving = LoopingCall(self.save)

    def start(self, host: NodeHost) -> None:
        """Give the nodes of a host back what they had, and save them from now on."""
        self._host = host
        host.restore = self.restore
        self._saving.start(SAVE_EVERY, now=False)
        reactor.addSystemEventTrigger("before", "shutdown", self.save)

    def save(self) -> None:
        """Save every window; one that cannot be saved is told and costs nothing else."""
        for node in list(self._host.nodes.values()):
            if _is_kept(node):
                try:
                    save(node, self.directory / f"{node.name}.npz")
                except OSError as error:
                    log.warn("the window of {name} cannot be saved: {error}", name=node.name, error=error)

    def restore(self, node: DataNodeServer) -> None:
        """Give a node back what was saved of its window, if something was."""
        path = self.directory / f"{node.name}.npz"
        if not _is_kept(node) or not path.exists():
            return
        try:
            load(node, path)
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            log.warn("the saved window of {name} cannot be read: {error}", name=node.name, error=error)


def save(node: BlockNode, path: Path) -> None:
    """Write a node's fields and blocks, whole or not at all."""
    about = {
        "fields": {key: dataclasses.asdict(info) for key, info in node.fields.items()},
        "blocks": {name: block.fields for name, block in node.blocks.items()},
    }
    arrays = {"about": np.array(json.dumps(about))}
    for number, block in enumerate(node.blocks.values()):
        arrays[f"times_{number}"] = block.times
        arrays[f"values_{number}"] = np.array([block.values(field) for field in block.fields]).reshape(-1, len(block))
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(node: BlockNode, path: Path) -> None:
    """Insert what :func:`save` wrote, as far as the node's window reaches; what the node says of its fields itself stays."""
    with path.open("rb") as file, np.load(file) as arrays:
        about = json.loads(arrays["about"].item())
        fields = {key: Info(**info) for key, info in about["fields"].items()}
        oldest = node.clock() - node.window
        for number, (name, names) in enumerate(about["blocks"].items()):
            times = arrays[f"times_{number}"]
            recent = times >= oldest
            data = dict(zip(names, arrays[f"values_{number}"][:, recent], strict=True))
            if data and recent.any():
                node.blocks.setdefault(name, Block(node.window)).insert(times[recent], data, node.clock())
    known = {key: info for key, info in fields.items() if info.block in node.blocks}
    node.fields = known | node.fields


def _is_kept(node: DataNodeServer) -> bool:
    return isinstance(node, BlockNode) and node.outlives_restarts
