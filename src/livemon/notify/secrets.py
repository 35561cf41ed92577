"""Settings that stand in files of secrets: ``{"file": path}``, read again for each message, since a secret may be replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from livemon.config import secret


def value_of(setting: Any) -> Any:
    """Return a setting, or what stands in the file that it names.

    Raises
    ------
    ValueError
        If the file cannot be read, or is empty; the sentence has neither the secret nor the path.
    """
    if not isinstance(setting, Mapping):
        return setting
    try:
        return secret(setting["file"])
    except ValueError as error:
        raise ValueError(f"its secret cannot be read: {error}") from error
