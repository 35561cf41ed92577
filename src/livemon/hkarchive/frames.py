"""House-keeping frames, layout hkagg version 2. No I/O, no clock.

Source of the layout: so3g ``hk/session.py`` and ``ocs/agents/aggregator/drivers.py``. Every frame has type Housekeeping
and carries ``hkagg_type`` (0 session, 1 status, 2 data), ``hkagg_version`` and ``session_id``. A file begins with a
session frame and a status frame; a status frame lists the providers whose data frames may follow, by number.
"""

from __future__ import annotations

import json
import re
import secrets
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spt3g import core

from livemon.hkarchive.content import WINDOW, Content
from livemon.hkarchive.gaps import Gap, gap_of
from livemon.hkarchive.names import archived, printable
from livemon.hkarchive.samples import Batch

VERSION = 2
SESSION, STATUS, DATA = 0, 1, 2
TICKS = 100_000_000
"""Ticks in a second: spt3g counts time in units of 10 ns."""

_HEAD = struct.Struct("<BIII")  # little-endian flag, class version, entries, frame type
_HEADER = re.compile(rb"\x01\x01\0\0\0.{4}H\0\0\0", re.DOTALL)
"""A house-keeping frame's head, whatever its number of entries. The checksum covers names and values, not this."""
_LENGTH = struct.Struct("<Q")
_CHECKSUM_BYTES = 4


def new_session_id(start_time: float) -> int:
    """Return a number that no other recorder's session has: the start's seconds (32 bits), then 28 random bits."""
    return (int(start_time) % (1 << 32)) << 28 | secrets.randbits(28)


def ticks(times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return UNIX seconds as spt3g's integer time, to the nearest 10 ns; shape (n,) both.

    Whole seconds and fraction are scaled separately: the product of a float64 UNIX time and 1e8 is only good to 320 ns.
    """
    seconds = np.floor(times)
    return seconds.astype(np.int64) * TICKS + np.rint((times - seconds) * TICKS).astype(np.int64)


def unix_times(vector: Any) -> NDArray[np.float64]:
    """Return spt3g's integer time as UNIX seconds, shape (n,); the exact inverse of :func:`ticks`."""
    whole, rest = np.divmod(np.asarray(vector, dtype=np.int64), TICKS)
    return np.asarray(whole + rest / TICKS, dtype=np.float64)


def session_frame(session_id: int, start_time: float, description: str) -> core.G3Frame:
    """Return the frame that begins every file: it names the recorder."""
    frame = _frame(session_id, SESSION)
    frame["start_time"] = core.G3Double(start_time)
    frame["description"] = core.G3String(description)
    return frame


def status_frame(
    session_id: int,
    timestamp: float,
    providers: Mapping[int, str],
    accounts: Mapping[str, Any] | None = None,
    gaps: Sequence[Gap] = (),
) -> core.G3Frame:
    """Return the frame that names the providers, feed addresses by number, of the frames that follow.

    so3g ignores what else is in it: `accounts` has how far each feed is in the archive before this frame
    (:meth:`livemon.hkarchive.ledger.Ledger.positions`), and `gaps` what is missing before the frames that follow.
    """
    frame = _frame(session_id, STATUS)
    frame["timestamp"] = core.G3Double(timestamp)
    entries = core.G3VectorFrameObject()
    for number, address in providers.items():
        entry = core.G3MapFrameObject()
        entry["prov_id"] = core.G3Int(number)
        entry["description"] = core.G3String(printable(address))
        entries.append(entry)
    frame["providers"] = entries
    if accounts is not None:
        frame["accounts"] = core.G3String(json.dumps(accounts))
    if gaps:
        frame["gaps"] = core.G3String(json.dumps([gap.as_dict() for gap in gaps]))
    return frame


def accounts_of(frame: core.G3Frame) -> dict[str, Any] | None:
    """Return how far each feed is in the archive, by a status frame; `None` if the frame does not have it."""
    if "accounts" not in frame:
        return None
    accounts: dict[str, Any] = json.loads(frame["accounts"])
    return accounts


def gaps_of(frame: core.G3Frame) -> list[Gap]:
    """Return the gaps that a status frame has."""
    return [gap_of(each) for each in json.loads(frame["gaps"])] if "gaps" in frame else []


def data_frame(
    session_id: int,
    timestamp: float,
    *,
    number: int,
    address: str,
    agent_session: str,
    blocks: Mapping[str, Batch],
    published: int | None = None,
) -> core.G3Frame:
    """Return a frame with samples of one provider.

    Parameters
    ----------
    timestamp
        When the frame was made.
    number, address
        The provider, as the last status frame lists it.
    agent_session
        The agent's own session id, as its feed messages give it.
    blocks
        At least one, none of them empty; each column of one kind (see :mod:`livemon.hkarchive.samples`).
    published
        How many samples the agent had published in this session up to and including the last one here, if it counts them.

    Raises
    ------
    ValueError
        If two fields of a block would get the same name in the archive.
    """
    frame = _frame(session_id, DATA)
    frame["timestamp"] = core.G3Double(timestamp)
    frame["prov_id"] = core.G3Int(number)
    frame["address"] = core.G3String(printable(address))
    frame["provider_session_id"] = core.G3String(printable(agent_session))
    if published is not None:
        frame["published"] = core.G3Int(published)
    maps = core.G3VectorFrameObject()
    origins = core.G3MapString()
    for block in blocks.values():
        samples = core.G3TimesampleMap()
        samples.times = core.G3VectorTime(ticks(np.asarray(block.times, dtype=np.float64)))
        for field, column in block.columns.items():
            name = archived(field)
            if name in samples:
                raise ValueError(f"two fields would be {name} in the archive, one of them {field!r}")
            samples[name] = _vector(column)
            if name != field:
                origins[name] = json.dumps(field)
        maps.append(samples)
    frame["blocks"] = maps
    frame["block_names"] = core.G3VectorString([name if printable(name) == name else archived(name) for name in blocks])
    # so3g ignores these: what the agent calls each block, and each field that has another name here.
    frame["block_origins"] = core.G3VectorString([printable(block.origin or name) for name, block in blocks.items()])
    if len(origins):
        frame["field_origins"] = origins
    return frame


def field_origins(frame: core.G3Frame) -> dict[str, str]:
    """Return the agent's names of those fields of a data frame that have another name in the archive, by the latter."""
    if "field_origins" not in frame:
        return {}
    return {name: json.loads(field) for name, field in frame["field_origins"].items()}


def encode(frame: core.G3Frame) -> bytes:
    """Return the frame as it is in a ``.g3`` file: a file is the plain concatenation of its frames."""
    content: bytes = frame.__getstate__()[1]
    return content


def frame_end(content: Content, start: int) -> int | None:
    """Return where the frame that begins at `start` ends; `None` if no frame begins there, or `content` ends before it.

    Bytes that only look like a frame may have an end too; :func:`decode` refuses them.
    spt3g's own reader opens only files whose name ends in ``.g3``, and trusts any length that it reads.

    Source of the encoding: spt3g ``core/src/G3Frame.cxx``, ``G3Frame::save``, in a cereal portable binary archive.
    """
    head = content[start : start + _HEAD.size]
    if not _HEADER.match(head):
        return None
    position = start + _HEAD.size
    for _ in range(2 * _HEAD.unpack(head)[2]):  # a name and a value each
        length = content[position : position + _LENGTH.size]
        if len(length) < _LENGTH.size:
            return None
        position += _LENGTH.size + _LENGTH.unpack(length)[0]
        if position > len(content):
            return None
    end = position + _CHECKSUM_BYTES
    return end if end <= len(content) else None


def next_header(content: Content, start: int) -> int | None:
    """Return the first offset from `start` on at which a frame may begin, or `None`; :func:`frame_end` and :func:`decode` decide."""
    for at in range(start, len(content), WINDOW):
        found = _HEADER.search(content[at : at + WINDOW + _HEAD.size - 1])
        if found:
            return at + found.start()
    return None


def decode(content: bytes) -> core.G3Frame:
    """Return the frame of these bytes, the inverse of :func:`encode`.

    Raises
    ------
    ValueError
        If they are not a frame of this layout, or its checksum (CRC-32C) is wrong. spt3g prints that as well, as fatal.
    """
    frame = core.G3Frame.__new__(core.G3Frame)
    try:
        frame.__setstate__(({}, content))
    except (RuntimeError, MemoryError) as error:
        raise ValueError(str(error)) from error
    if "hkagg_type" not in frame:
        raise ValueError("not a frame of a house-keeping archive")
    return frame


@contextmanager
def quiet() -> Iterator[None]:
    """Keep spt3g from printing a line for each damaged frame, for callers who report them. Not thread-safe."""
    logger = core.G3Logger.global_logger
    core.G3Logger.global_logger = core.G3MultiLogger(core.G3LoggerVector())
    try:
        yield
    finally:
        core.G3Logger.global_logger = logger


def _frame(session_id: int, kind: int) -> core.G3Frame:
    frame = core.G3Frame(core.G3FrameType.Housekeeping)
    frame["hkagg_type"] = core.G3Int(kind)
    frame["hkagg_version"] = core.G3Int(VERSION)
    frame["session_id"] = core.G3Int(session_id)
    return frame


def _vector(column: Sequence[Any]) -> core.G3FrameObject:
    first = column[0]
    if isinstance(first, bool):
        return core.G3VectorBool(column)
    if isinstance(first, str):
        return core.G3VectorString(list(map(printable, column)))
    return core.G3VectorDouble(np.asarray(column, dtype=np.float64))
