"""Epochs of a clock: runs of samples whose times ascend, whatever happened to the clock that stamped them. No I/O.

so3g assumes that the times of one block of a file ascend, from the first sample of its first frame to the last one of its last
(``HKArchiveScanner.Process`` and the bisection in ``HKArchive.get_data``, so3g 0.2.9). Samples that a clock stamped after it had
been set back are therefore stored in another block than the earlier ones.
"""

from __future__ import annotations

from livemon.contract import CLOCK_TOLERANCE


class Epochs:
    """The epochs of the clock that stamps one block, by number.

    Times within an epoch ascend; equal ones may follow each other. An epoch is continued as soon as the clock has passed its last
    time again, so that there are only as many as runs that overlap.
    """

    def __init__(self) -> None:
        self._lasts: list[float] = []
        self._current = 0

    def __len__(self) -> int:
        return len(self._lasts)

    def place(self, first: float, last: float, limit: float) -> int:
        """Return the number of the epoch that takes samples from `first` to `last` (UNIX seconds), and note that it has them.

        Samples stamped later than `limit` do not continue an epoch whose samples are not: otherwise a single wrong stamp in the
        future would lie between samples of the present.
        """
        if not (self._lasts and self._continues(self._current, first, limit)):
            fitting = [number for number in range(len(self)) if self._continues(number, first, limit)]
            if not fitting:
                fitting = [len(self)]
                self._lasts.append(first)
            self._current = max(fitting, key=self._lasts.__getitem__)
        self._lasts[self._current] = last
        return self._current

    def _continues(self, number: int, first: float, limit: float) -> bool:
        before = self._lasts[number]
        return before <= first and not jumps_ahead(before, first, limit)


def jumps_ahead(before: float, time: float, limit: float) -> bool:
    """Whether a clock that stamped `before` was set to beyond `limit` (UNIX seconds) before it stamped `time`."""
    return time > limit >= before and time - before > CLOCK_TOLERANCE
