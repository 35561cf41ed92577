"""What faults do to a line: a socket that receives nothing, answers that come late, in pieces or not at all."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
from collections.abc import Callable

from livemon.instruments.common.faults import Faults, Kind

Clock = Callable[[], float]

_STALL_CHECK = 0.02
# From <asm-generic/socket.h>, for Linux on all common processors.
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
# One instruction of the packet filter (linux/filter.h): return 0, that is, keep nothing of any packet.
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)


def deafen(connection: socket.socket) -> None:
    """Make a socket drop every packet that arrives: its peer gets neither an answer nor a refusal."""
    program = ctypes.create_string_buffer(_DROP_ALL, len(_DROP_ALL))
    connection.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))


def undeafen(connection: socket.socket) -> None:
    """Make a socket receive again."""
    connection.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)


async def send(answers: bytes, faults: Faults, clock: Clock, write: Callable[[bytes], None]) -> bool:
    """Send answers as the faults in force require.

    Parameters
    ----------
    answers
        Lines with their terminators.
    faults, clock
        What goes wrong, and seconds since switch-on.
    write
        Sends bytes at once.

    Returns
    -------
    bool
        Whether the connection stays open.
    """
    if not faults:
        write(answers)
        return True
    for answer in answers.splitlines(keepends=True):
        delivery = faults.deliver(answer, clock())
        for pause, piece in delivery.pieces:
            await asyncio.sleep(pause)
            while faults.active(Kind.STALL, clock()):
                await asyncio.sleep(_STALL_CHECK)
            write(piece)
        if delivery.hang_up:
            return False
    return True
