"""Outages that cost samples, with real agents, aggregator and router: what is reported is what so3g does not find."""

import os
import resource
import signal
import time

import pytest
from ocs_site import Site
from so3g_referee import so3g_load
from waiting import wait_for

from livemon import hkarchive
from livemon.hkarchive import gaps
from livemon.hkarchive.gaps import GapList

FEEDS = {f"observatory.{name}.feeds.false_temperatures": name for name in ("fake1", "fake2")}
SECONDS_AWAY = 10


@pytest.fixture
def site(router, tmp_path):
    (tmp_path / "hk").mkdir()
    site = Site(tmp_path, router)
    site.write(
        fake1=("FakeDataAgent", ["--mode", "acq"], ["--num-channels", 2], ["--sample-rate", 10]),
        fake2=("FakeDataAgent", ["--mode", "acq"], ["--num-channels", 1], ["--sample-rate", 4]),
        recorder=("AggregatorAgent", ["--data-dir", tmp_path / "hk"], ["--frame-seconds", 2]),
    )
    return site


class Archive:
    def __init__(self, directory):
        self.directory = directory
        self.begun = time.time()

    def gaps(self, reason=None):
        return [gap for gap in GapList(self.directory).all() if reason in (None, gap.reason)]

    def wait_for(self, reason, what):
        """Both feeds' gaps of that reason, as soon as they are listed."""
        return wait_for(lambda: len(found := self.gaps(reason)) == len(FEEDS) and found, what, 60)

    def newest(self):
        """When the newest sample was taken that each feed has in the archive."""
        spans = hkarchive.scan(self.begun - 60, time.time() + 60, self.directory)
        fields = [f"{feed}.channel_00" for feed in FEEDS]
        return [spans[field].last for field in fields] if spans.keys() >= set(fields) else None

    def wait_until_current(self, what):
        now = time.time()
        wait_for(lambda: (newest := self.newest()) and min(newest) > now, what, 60)


def published(site, name):
    """How many samples an agent says it has published."""
    answer = site.client(name)._client.get_api()
    return dict(answer["feeds"])["false_temperatures"]["published"]["false_temperatures"]


def wait_until_all_have_published(site):
    """A recorder that is back before a message comes has missed nothing, and there is no gap to report."""
    before = {name: published(site, name) for name in FEEDS.values()}
    wait_for(lambda: all(published(site, name) > before[name] for name in before), "a message of each agent", 30)


def kill(agent):
    os.kill(agent.child.pid, signal.SIGKILL)
    agent.exit_status()


@pytest.mark.timeout(600)
def test_what_outages_cost_is_told_as_so3g_finds_it_for_each_feed(site, tmp_path):
    archive = Archive(tmp_path / "hk")
    with site.agent("recorder", log="first") as first:
        site.running("recorder", "record")
        with site.agent("fake1"), site.agent("fake2"):
            archive.wait_until_current("samples in the archive")

            site.router.stop()
            time.sleep(SECONDS_AWAY)
            site.router.start()
            for gap in archive.wait_for(gaps.ROUTER, "the router's outage to be reported"):
                assert gap.seconds > SECONDS_AWAY
                assert gap.samples > 0.7 * SECONDS_AWAY * (10 if "fake1" in gap.feed else 4)
            archive.wait_until_current("samples after the router's outage")

            kill(first)
            wait_until_all_have_published(site)
            with site.agent("recorder", log="second") as second:
                archive.wait_for(gaps.AGGREGATOR, "the killed aggregator's outage to be reported")
                archive.wait_until_current("samples after the kill")

                last = archive.newest()
                let_no_file_grow(second)
                client = site.client("recorder")
                wait_for(lambda: client.record.status().session["data"]["write_error"], "a write that fails")
                time.sleep(3)
                kill(second)
            with site.agent("recorder", log="third") as third:
                wait_for(
                    lambda: len(archive.gaps(gaps.AGGREGATOR)) == 2 * len(FEEDS),
                    "the full disk's loss to be reported",
                    60,
                )
                for gap, before in zip(archive.gaps(gaps.AGGREGATOR)[-2:], sorted(last), strict=True):
                    assert gap.seconds > 3
                    assert gap.begin >= before

                for name in ("fake1", "fake2"):
                    client = site.client(name)
                    client.acq.stop()
                    client.acq.wait(timeout=30)
                counts = {feed: published(site, name) for feed, name in FEEDS.items()}
                assert third.terminate() == 0
    found = so3g_load([f"{feed}.channel_00" for feed in FEEDS], archive.begun - 60, time.time() + 60, archive.directory)
    missing = {feed: counts[feed] - len(found[f"{feed}.channel_00"][0]) for feed in FEEDS}
    reported = {feed: sum(gap.samples for gap in archive.gaps() if gap.feed == feed) for feed in FEEDS}
    assert reported == missing
    assert min(missing.values()) > 3 * SECONDS_AWAY


def let_no_file_grow(agent):
    """Have every write of a process fail from now on that would make a file larger than the largest one is."""
    path = max((agent.log.parent / "hk").glob("*/*.part"), key=lambda path: path.stat().st_size)
    resource.prlimit(agent.child.pid, resource.RLIMIT_FSIZE, (path.stat().st_size, resource.RLIM_INFINITY))
