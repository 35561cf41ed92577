"""The messages on the Unix socket between the bridge and the data nodes of its machine, which replaces TLS and the router there.

Each message is a big-endian uint32 n and n bytes. A request is JSON:

``{"call": "state", "known": {node: version}}``
    The answer is JSON: a list with ``name``, ``description``, ``silent_after`` (seconds or `null`), ``version``, ``last``
    (``{field: [time, value]}``) of each node; its ``fields`` as ``get_fields`` answers them, or `null` if `version` is the one that
    the caller knows; and ``status`` as :class:`livemon.sisock.answers.NodeStatus`. A node that cannot answer has ``fault`` instead,
    the reason.
``{"call": "samples", "wanted": {node: [field]}, "start", "end", "stride"}``
    Times in UNIX seconds (UTC). The answer is a little-endian uint32 m, m bytes of JSON (a list of ``node``, ``size`` and
    ``fault``), then the bytes of :mod:`livemon.sisock.packed` of each node in turn, `size` of them.

The socket's directory decides who may connect: only the bridge's group may enter it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import orjson

from livemon.sisock.packed import Timeline, unpack

PREFIX = struct.Struct("!I")
"""The length of a message."""
_HEAD = struct.Struct("<I")


def pack_samples(answers: Iterable[tuple[str, bytes, str | None]]) -> list[bytes]:
    """Return the answer to ``samples``, in pieces.

    Parameters
    ----------
    answers
        Of each node its name, its packed samples, and why it has none, otherwise `None`.
    """
    answers = list(answers)
    head = orjson.dumps([{"node": node, "size": len(content), "fault": fault} for node, content, fault in answers])
    head += b" " * (-(_HEAD.size + len(head)) % 8)  # aligns the numbers
    return [_HEAD.pack(len(head)), head, *(content for _, content, _ in answers)]


def unpack_samples(answer: bytes | bytearray) -> dict[str, list[Timeline] | str]:
    """Return the timelines of each node in an answer to ``samples``, or the sentence that says why it has none."""
    content = memoryview(answer)
    position = _HEAD.size + _HEAD.unpack_from(content)[0]
    found: dict[str, list[Timeline] | str] = {}
    for about in orjson.loads(content[_HEAD.size : position]):
        packed = content[position : position + about["size"]]
        position += about["size"]
        found[about["node"]] = about["fault"] or unpack(packed)
    return found
