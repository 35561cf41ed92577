"""Feeds in which one bad value costs that value and nothing else (docs/decisions/0034)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from autobahn.exception import PayloadExceededError
from autobahn.wamp.exception import SerializationError
from ocs import ocs_agent
from ocs.ocs_agent import in_reactor_context
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorFromThreads

from livemon.agents import publishable
from livemon.agents.coalescing import CoalescedFeed
from livemon.agents.publishable import Refused
from livemon.log import LogThrottle

NOT_SENT = (SerializationError, PayloadExceededError)


class CheckedFeed(CoalescedFeed):
    """A feed that leaves out what it cannot publish.

    `refused` counts the values that could not be published, by the kind of the reason, since the feed was registered.
    `published` counts the samples that were sent to the router, whether or not it could be reached.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused: Counter[str] = Counter()
        self.published = 0
        self._throttle = LogThrottle()
        self._buffered_bytes = 0

    def publish_message(self, message: Any, timestamp: float | None = None) -> None:
        """Publish what can be published of a message; any thread. Nothing is raised for the rest.

        If the feed is not recorded, a message may be anything, and is published as a whole or not at all.
        """
        if self.record:
            self._in_reactor(partial(self._publish, *publishable.split(message)))
        elif not in_reactor_context():
            super().publish_message(message, timestamp)
        else:
            try:
                super().publish_message(message, timestamp)
            except NOT_SENT as error:
                self._note([Refused("message", 1, "message", str(error))])

    def encoded(self) -> dict[str, Any]:
        """Return upstream's description of the feed, with ``published``: how many samples its agent has published, by feed."""
        description: dict[str, Any] = super().encoded()
        return description | {"published": self.agent.published}

    def flush_buffer(self) -> None:
        """Publish what is buffered, if anything is. What still cannot be sent is dropped: upstream would retry it for ever."""
        if not in_reactor_context():
            super().flush_buffer()
            return
        try:
            if self.is_waiting:
                self.published += sum(len(block.timestamps) for block in self.blocks.values())
                super().flush_buffer()
        except NOT_SENT as error:
            values = sum(len(block.timestamps) * len(block.data) for block in self.blocks.values())
            self._note([Refused("message", max(values, 1), "message", str(error))])
            for block in self.blocks.values():
                block.clear()
        self._buffered_bytes = 0

    def _in_reactor(self, call: Callable[[], None]) -> None:
        if in_reactor_context():
            call()
        else:
            IReactorFromThreads(reactor).callFromThread(call)

    def _publish(self, blocks: Sequence[publishable.Part], refused: Sequence[Refused]) -> None:
        self._note(refused)
        for block in blocks:
            self._make_way(block)
            super().publish_message(block.as_message())

    def _make_way(self, block: publishable.Part) -> None:
        """Send what is buffered if it cannot share a message with a block: because of its size, or because the fields differ.

        Upstream's buffer holds one set of fields for each block, for ever. In a message of its own a block may have any.
        """
        buffered = self.blocks.get(block.name)
        has_other_fields = buffered is not None and buffered.data.keys() != block.columns.keys()
        if has_other_fields or self._buffered_bytes + block.bytes > publishable.MOST_BYTES:
            self.flush_buffer()
        if has_other_fields:
            del self.blocks[block.name]
        self._buffered_bytes += block.bytes

    def _note(self, refused: Sequence[Refused]) -> None:
        for each in refused:
            self.refused[each.kind] += each.values
            if times := self._throttle.due(each.kind, each.values):
                self.agent.log.warn(
                    "feed {feed}, {where}: {why}. Left out: {times} {unit} (repeated at most once an hour)",
                    feed=self.feed_name,
                    where=each.where,
                    why=each.why,
                    times=times,
                    unit="value" if times == 1 else "values",
                )


class FeedingAgent(ocs_agent.OCSAgent):
    """Upstream's agent with feeds that leave out what they cannot publish."""

    def register_feed(self, feed_name: str, **kwargs: Any) -> CheckedFeed:
        """Register a feed, as upstream does; one that was registered before goes on counting."""
        before = self.feeds.get(feed_name)
        self.feeds[feed_name] = feed = CheckedFeed(self, feed_name, **kwargs)
        feed.published = before.published if before else 0
        return feed

    @property
    def published(self) -> dict[str, int]:
        """How many samples each feed that is to be archived has published since the agent started, including those that were lost.

        Every message has it in its description, also the heartbeats, which follow the samples that they count: by it the recorder
        knows what did not arrive (:mod:`livemon.hkarchive.ledger`). Upstream's clients and aggregator ignore it.
        """
        return {name: feed.published for name, feed in self.feeds.items() if _is_archived(feed)}

    def _management_handler(self, q: str, **kwargs: Any) -> Any:
        """Answer as upstream does; the answer to ``get_api`` also has ``refused``, ``{feed: {kind: values}}`` if there were any."""
        answer = super()._management_handler(q, **kwargs)
        if q == "get_api":
            answer["refused"] = {name: dict(feed.refused) for name, feed in self.feeds.items() if feed.refused}
        return answer


def _is_archived(feed: CheckedFeed) -> bool:
    return bool(feed.record) and not (feed.agg_params or {}).get("exclude_aggregator")
