"""A Lake Shore 240 answers 0 K if it has no temperature, for example because of a broken wire; here that is published as NaN.

socs never queries the status of a reading, and publishes 0 K as a temperature. No input is that cold. The reading in
sensor units is published unchanged, and socs's methods return what they always did.
"""

from __future__ import annotations

import math
from typing import Any

from socs.agents.lakeshore240 import agent

from livemon.instruments.lakeshore240.facts import MODEL

_Upstream: Any = object
"""The base of what is mixed into upstream's classes, which have no types."""


class PublishesNoZero(_Upstream):
    """Mixed into socs's agent: a temperature of 0 K is published as NaN."""

    def __init__(self, ocs_agent: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(ocs_agent, *args, **kwargs)
        publish = ocs_agent.publish_to_feed

        def publish_without_zeros(feed_name: str, message: Any, from_reactor: bool | None = None) -> None:
            if feed_name == MODEL.feed:
                data = {
                    name: math.nan if name.endswith("_T") and value == 0 else value
                    for name, value in message["data"].items()
                }
                message = {**message, "data": data}
            publish(feed_name, message, from_reactor)

        ocs_agent.publish_to_feed = publish_without_zeros


def adapt() -> None:
    """Change socs's agent of the 240 in this process."""
    agent.LS240_Agent = type("LS240_Agent", (PublishesNoZero, agent.LS240_Agent), {})
