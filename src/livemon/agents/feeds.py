"""Feeds of which one bad value costs that value and nothing else (docs/decisions/0034)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from autobahn.exception import PayloadExceededError
from autobahn.wamp.exception import SerializationError
from ocs import ocs_agent
from ocs.ocs_agent import in_reactor_context
from twisted.internet import reactor

from livemon.agents import publishable
from livemon.agents.coalescing import CoalescedFeed
from livemon.agents.publishable import Refused
from livemon.log import LogThrottle

NOT_SENT = (SerializationError, PayloadExceededError)


class CheckedFeed(CoalescedFeed):
    """A feed that is handed only what it can publish.

    `refused` counts the values that could not be published, by the kind of the reason, since the feed was registered.
    `published` counts the samples that were handed to the router, whether or not it was there to take them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused: Counter[str] = Counter()
        self.published = 0
        self._throttle = LogThrottle()
        self._buffered_bytes = 0

    def publish_message(self, message: Any, timestamp: float | None = None) -> None:
        """Publish what can be published of a message; any thread. Nothing is raised for what cannot.

        Of a feed that is not recorded, where a message may be anything, all or nothing.
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
        """Return upstream's description of the feed, and how many samples its agent has published: ``published``, by feed."""
        return super().encoded() | {"published": self.agent.published}

    def flush_buffer(self) -> None:
        """Publish what is buffered, if anything is. What cannot be sent all the same is not kept: upstream would try it for ever."""
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

    def _in_reactor(self, call: partial) -> None:
        if in_reactor_context():
            call()
        else:
            reactor.callFromThread(call)

    def _publish(self, blocks: Sequence[publishable.Block], refused: Sequence[Refused]) -> None:
        self._note(refused)
        for block in blocks:
            self._make_way(block)
            super().publish_message(block.as_message())

    def _make_way(self, block: publishable.Block) -> None:
        """Send what is buffered and does not go into one message with a block: it is too much, or has other fields.

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
                    "feed {feed}, {where}: {why}. Left out: {times} {unit} (it is told again in an hour at the earliest)",
                    feed=self.feed_name,
                    where=each.where,
                    why=each.why,
                    times=times,
                    unit="value" if times == 1 else "values",
                )


class FeedingAgent(ocs_agent.OCSAgent):
    """Upstream's agent with such feeds."""

    def register_feed(self, feed_name: str, **kwargs: Any) -> CheckedFeed:
        """Register a feed, as upstream does; one that was registered before goes on counting."""
        before = self.feeds.get(feed_name)
        self.feeds[feed_name] = feed = CheckedFeed(self, feed_name, **kwargs)
        feed.published = before.published if before else 0
        return feed

    @property
    def published(self) -> dict[str, int]:
        """How many samples each feed that is to be archived has published since the agent began, those included that nobody got.

        Every message says so in its description, also the heartbeats, which come after what they tell of: the recorder knows by it
        what did not arrive (:mod:`livemon.hkarchive.ledger`). Upstream's clients and aggregator pass it over.
        """
        return {name: feed.published for name, feed in self.feeds.items() if _is_archived(feed)}

    def _management_handler(self, q: str, **kwargs: Any) -> Any:
        """Answer upstream's questions; to ``get_api`` also with ``refused``, ``{feed: {kind: values}}`` where there were any."""
        answer = super()._management_handler(q, **kwargs)
        if q == "get_api":
            answer["refused"] = {name: dict(feed.refused) for name, feed in self.feeds.items() if feed.refused}
        return answer


def _is_archived(feed: CheckedFeed) -> bool:
    return bool(feed.record) and not (feed.agg_params or {}).get("exclude_aggregator")
