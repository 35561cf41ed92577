"""The instrument models that an inventory can have, as the folders of src/livemon/instruments describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livemon.instruments.folders import models
    from livemon.instruments.model import HOTTEST, Extra, Field, Model, Usb
else:
    from ..source import load

    models, _model = load("instruments.folders").models, load("instruments.model")
    HOTTEST, Extra, Field, Model, Usb = _model.HOTTEST, _model.Extra, _model.Field, _model.Model, _model.Usb

__all__ = ["HOTTEST", "MODELS", "Extra", "Field", "Model", "Usb"]

MODELS = models()
