"""The state of this machine's clock in the kernel: adjtimex(2), called without changing anything, which needs no privilege."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass

STA_PLL = 0x0001
STA_UNSYNC = 0x0040
STA_NANO = 0x2000


class _Timex(ctypes.Structure):
    """The start of Linux's ``struct timex``, and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


@dataclass(frozen=True)
class Discipline:
    """How the clock is disciplined.

    Attributes
    ----------
    offset
        Seconds by which the kernel still has to correct the clock; `None` if the kernel does not (chrony corrects it itself).
    error
        Maximum error in seconds, as the synchronizing daemon estimates it; 16 and more without one.
    synchronized
        Whether the clock is synchronized.
    """

    offset: float | None
    error: float
    synchronized: bool


def discipline() -> Discipline | None:
    """Return how this machine's clock is disciplined; `None` on a system without that call.

    Raises
    ------
    OSError
        If the kernel, or a container's seccomp filter, refuses.
    """
    adjtimex = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    if adjtimex is None:
        return None
    state = _Timex(modes=0)
    if adjtimex(ctypes.byref(state)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"adjtimex: {os.strerror(number)}")
    unit = 1e-9 if state.status & STA_NANO else 1e-6
    offset = state.offset * unit if state.status & STA_PLL else None
    return Discipline(offset, state.maxerror * 1e-6, not state.status & STA_UNSYNC)
