"""Names as the archive stores them: so3g can read them, and the agent's own name finds them again. No I/O.

so3g takes what follows the last dot of a field's permanent name as the field, and spt3g stores UTF-8 only. OCS
refuses names of fields with anything but letters, digits and underscores
(``ocs.ocs_feed.Feed.verify_data_field_string``), and its aggregator replaces other characters. Here a name that OCS would
refuse is replaced likewise and a digest of the original is appended: two names stay two, and one name stays the same in all files.
"""

from __future__ import annotations

import hashlib
import re

_VALID = re.compile(r"_*[A-Za-z][A-Za-z0-9_]{0,254}")
_LONGEST = 255
_DIGEST = 10


def archived(field: str) -> str:
    """Return the name under which the archive stores a field: its own name if OCS allows it, else ``<cleaned>_<digest>``.

    >>> archived("Channel_1_T"), archived("50K.plate")
    ('Channel_1_T', 'K_plate_fe592402d8')
    """
    if _VALID.fullmatch(field) and len(field) <= _LONGEST:
        return field
    digest = hashlib.sha256(field.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    cleaned = re.sub("[^A-Za-z0-9]+", "_", field).lstrip("_0123456789").rstrip("_")
    return f"{cleaned[: _LONGEST - _DIGEST - 1] or 'field'}_{digest}"


def printable(text: str) -> str:
    r"""Return text that UTF-8 can hold: a lone surrogate as ``\ud800``, everything else unchanged."""
    return text.encode("utf-8", "backslashreplace").decode()
