"""The node of an OCS agent's feeds: the last hour of what it published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from livemon.nodes.blocks import BlockNode, Info
from livemon.series.block import Block
from livemon.wamp import log

ADDRESS_ROOT = "observatory"


class FeedNode(BlockNode):
    """Keeps what an OCS agent publishes, block by block.

    Messages are OCS's (ocs/ocs_feed.py, 0.12.1): ``[{block: {"data": {field: [..]}, "timestamps": [..]}}, {...}]``. Numbers are kept,
    truth values as 0 and 1; of texts the last one.

    Parameters
    ----------
    target
        The agent's instance-id.
    feeds
        Names of its feeds.
    window
        Seconds kept in memory.
    labels, units
        By the field's name in the feed.
    """

    def __init__(
        self,
        name: str,
        description: str,
        *,
        target: str,
        feeds: Sequence[str] = ("temperatures",),
        window: float = 3600.0,
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(name, description, window)
        self.target = target
        self.feeds = list(feeds)
        self.labels = dict(labels or {})
        self.units = dict(units or {})

    def topics(self) -> Iterable[str]:
        """One topic a feed."""
        return [self._address(feed) for feed in self.feeds]

    def receive(self, topic: str, message: Any) -> None:
        """Append what a message holds; one that is malformed costs a line in the log and nothing else."""
        try:
            blocks, _about = message
            for block_name, block in blocks.items():
                self._append(topic, block_name, block["timestamps"], block["data"])
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
            log.warn("{topic}: malformed message, {error!r}", topic=topic, error=error)

    def _address(self, feed: str) -> str:
        return f"{ADDRESS_ROOT}.{self.target}.feeds.{feed}"

    def _append(self, topic: str, block_name: str, times: list, data: Mapping[str, list]) -> None:
        if not len(times):
            return
        timeline = f"{topic}.{block_name.replace(' ', '_')}"
        infos = {name: self._info(topic, timeline, name, values[0]) for name, values in data.items()}
        numbers = {name: data[name] for name, (_key, info) in infos.items() if info.type != "string"}
        if numbers:
            block = self.blocks[timeline] if timeline in self.blocks else Block(self.window)
            block.append(times, numbers)
            self.blocks[timeline] = block
        # Only now: a field of a message that turned out to be malformed would have no samples to answer with.
        for name, (_key, info) in infos.items():
            if info.type == "string":
                info.last_text = (float(times[-1]), str(data[name][-1]))
        new = {key: info for key, info in infos.values() if key not in self.fields}
        if new:
            # In the order of the channels, not of their first readings: a scanner may begin anywhere.
            self.fields = dict(sorted((self.fields | new).items(), key=lambda item: _natural(item[1].block)))

    def _info(self, topic: str, timeline: str, name: str, first: Any) -> tuple[str, Info]:
        """Return a field's key and what is known of it; for a new one, whose first value tells its type, what will be."""
        key = name.lower().replace(" ", "_")
        if key in self.fields and self.fields[key].block != timeline:
            # Two feeds or blocks with one field name: the later one is told apart by its feed.
            key = f"{topic.rpartition('.')[2]}_{key}"
        if key in self.fields:
            return key, self.fields[key]
        info = Info(
            block=timeline,
            name=name,
            path=f"{topic}.{name.replace(' ', '_')}",
            label=self.labels.get(name),
            units=self.units.get(name),
            type="bool" if isinstance(first, bool) else "string" if isinstance(first, str) else "number",
        )
        return key, info


def _natural(name: str) -> list[tuple[str, int]]:
    """Return a key by which ``Channel_2`` sorts before ``Channel_10``."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name)]
