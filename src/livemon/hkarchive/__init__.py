"""House-keeping archive: ``.g3`` files in the hkagg v2 layout that so3g reads.

::

    feed message -> samples.Provider -> frames (G3Frame) -> writer.ArchiveWriter -> <data-dir>/<5 digits>/<ctime>.g3
                    `------------- recorder.Recorder ------------'                           |
                                                   reader.load, reader.scan <- damage.Frames <-'

Times are UNIX seconds (UTC) everywhere; intervals are half-open, ``start <= t < end``.
"""

from livemon.hkarchive.reader import DamagedFileWarning, FieldSpan, load, scan
from livemon.hkarchive.recorder import Recorder

__all__ = ["DamagedFileWarning", "FieldSpan", "Recorder", "load", "scan"]
