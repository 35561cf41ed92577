"""House-keeping frames, layout hkagg version 2. Pure: no files, no clock.

Source of the layout: so3g ``hk/session.py`` and ``ocs/agents/aggregator/drivers.py``. Every frame has type Housekeeping
and carries ``hkagg_type`` (0 session, 1 status, 2 data), ``hkagg_version`` and ``session_id``. A file begins with a
session frame and a status frame; a status frame lists the providers whose data frames may follow, by number.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from spt3g import core

from livemon.hkarchive.samples import Block

VERSION = 2
SESSION, STATUS, DATA = 0, 1, 2
TICKS = 100_000_000
"""Ticks in a second: spt3g counts time in units of 10 ns."""

_HEAD = struct.Struct("<BIII")  # little-endian flag, class version, entries, frame type
_LENGTH = struct.Struct("<Q")
_CHECKSUM_BYTES = 4


def new_session_id(start_time: float) -> int:
    """Return a number that no other recorder's session has: the start's seconds (32 bits), then 28 random bits."""
    return (int(start_time) % (1 << 32)) << 28 | secrets.randbits(28)


def ticks(times: Sequence[float]) -> np.ndarray:
    """UNIX seconds as spt3g's integer time, int64, to the nearest 10 ns.

    Whole seconds and fraction are scaled apart: the product of a float64 UNIX time and 1e8 is only good to 320 ns.
    """
    seconds = np.floor(times)
    return seconds.astype(np.int64) * TICKS + np.rint((times - seconds) * TICKS).astype(np.int64)


def unix_times(vector: Any) -> np.ndarray:
    """Spt3g's integer time as UNIX seconds, float64; gives back exactly what :func:`ticks` took."""
    whole, rest = np.divmod(np.asarray(vector, dtype=np.int64), TICKS)
    return whole + rest / TICKS


def session_frame(session_id: int, start_time: float, description: str) -> core.G3Frame:
    """Frame that begins every file: who recorded it."""
    frame = _frame(session_id, SESSION)
    frame["start_time"] = core.G3Double(start_time)
    frame["description"] = core.G3String(description)
    return frame


def status_frame(session_id: int, timestamp: float, providers: Mapping[int, str]) -> core.G3Frame:
    """Frame that names the providers, feed addresses by number, from here on."""
    frame = _frame(session_id, STATUS)
    frame["timestamp"] = core.G3Double(timestamp)
    entries = core.G3VectorFrameObject()
    for number, address in providers.items():
        entry = core.G3MapFrameObject()
        entry["prov_id"] = core.G3Int(number)
        entry["description"] = core.G3String(address)
        entries.append(entry)
    frame["providers"] = entries
    return frame


def data_frame(
    session_id: int,
    timestamp: float,
    *,
    number: int,
    address: str,
    agent_session: str,
    blocks: Mapping[str, Block],
) -> core.G3Frame:
    """Frame with samples of one provider.

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
    """
    frame = _frame(session_id, DATA)
    frame["timestamp"] = core.G3Double(timestamp)
    frame["prov_id"] = core.G3Int(number)
    frame["address"] = core.G3String(address)
    frame["provider_session_id"] = core.G3String(agent_session)
    maps = core.G3VectorFrameObject()
    for block in blocks.values():
        samples = core.G3TimesampleMap()
        samples.times = core.G3VectorTime(ticks(np.asarray(block.times, dtype=np.float64)))
        for name, column in block.columns.items():
            samples[name] = _vector(column)
        maps.append(samples)
    frame["blocks"] = maps
    frame["block_names"] = core.G3VectorString(list(blocks))
    # Not so3g's, which does not mind it: what the agent calls each block.
    frame["block_origins"] = core.G3VectorString([block.origin or name for name, block in blocks.items()])
    return frame


def encode(frame: core.G3Frame) -> bytes:
    """Return the frame as it stands in a ``.g3`` file: a file is the plain concatenation of its frames."""
    return frame.__getstate__()[1]


def frame_end(content: bytes, start: int) -> int | None:
    """Return where the frame that begins at `start` ends, or `None` if it goes on behind the end of `content`.

    What begins there may be no frame at all: the end is then found somewhere or nowhere, and :func:`decode` refuses it.
    spt3g's own reader opens no file whose name does not end in ``.g3``, and believes any length that it reads.

    Source of the encoding: spt3g ``core/src/G3Frame.cxx``, ``G3Frame::save``, in a cereal portable binary archive.
    """
    position = start + _HEAD.size
    if position > len(content):
        return None
    entries = _HEAD.unpack_from(content, start)[2]
    for _ in range(2 * entries):  # a name and a value each
        if position + _LENGTH.size > len(content):
            return None
        position += _LENGTH.size + _LENGTH.unpack_from(content, position)[0]
        if position > len(content):
            return None
    end = position + _CHECKSUM_BYTES
    return end if end <= len(content) else None


def decode(content: bytes) -> core.G3Frame:
    """Return the frame of these bytes, the opposite of :func:`encode`.

    Raises
    ------
    ValueError
        If they are no frame, or its checksum (CRC-32C) does not fit. spt3g prints that, too, as fatal.
    """
    frame = core.G3Frame.__new__(core.G3Frame)
    try:
        frame.__setstate__(({}, content))
    except (RuntimeError, MemoryError) as error:
        raise ValueError(str(error)) from error
    if not len(frame):
        raise ValueError("a frame with nothing in it, as a run of zeros reads")
    return frame


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
        # Text from the network may hold lone surrogates, which spt3g's UTF-8 strings cannot.
        return core.G3VectorString([text.encode("utf-8", "replace").decode() for text in column])
    return core.G3VectorDouble(np.asarray(column, dtype=np.float64))
