"""Our aggregator with real agents behind a real router; so3g is the referee of its files."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from ocs_site import Site
from router import Router
from so3g_referee import so3g_load
from spt3g import core
from waiting import wait_for

from livemon import hkarchive

FEED = "observatory.fake1.feeds.false_temperatures"


@pytest.fixture
def site(router, tmp_path):
    site = Site(tmp_path, router)
    (tmp_path / "hk").mkdir()
    write_site(site)
    return site


def write_site(site):
    aggregator = [["--data-dir", site.directory / "hk"], ["--frame-seconds", 1]]
    site.write(
        fake1=("FakeDataAgent", ["--mode", "acq"], ["--num-channels", 3], ["--sample-rate", 10]),
        fake2=("FakeDataAgent", ["--mode", "acq"], ["--num-channels", 1], ["--sample-rate", 5]),
        recorder=("AggregatorAgent", *aggregator, ["--time-per-file", 3]),
        idle=("AggregatorAgent", *aggregator, ["--time-per-file", 3600], ["--initial-state", "idle"]),
        patient=("AggregatorAgent", *aggregator, ["--time-per-file", 3600]),
    )


def files(directory, suffix):
    return sorted((directory / "hk").glob(f"*/*{suffix}"))


def assert_gapless(times, step):
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) > 0.5 * step, "a duplicate, or time ran backwards"
    assert max(gaps) < 1.5 * step, "a gap"


def test_feeds_are_recorded_rotated_and_read_by_so3g(site, tmp_path):
    started = time.time()
    with site.agent("recorder") as recorder, site.agent("fake1") as fake:
        wait_for(lambda: len(files(tmp_path, ".g3")) >= 2, "two files with final names", 60)
        client = site.client("recorder")

        def data():
            return client.record.status().session["data"]

        # The status is of the turn before, which did not know of the second file.
        status = wait_for(lambda: (now := data())["files_closed"] >= 2 and now, "both files in the status")
        assert status["providers"][FEED]["samples"] > 10
        assert status["providers"][FEED]["stale"] is False
        assert status["write_error"] is None
        moment = time.time()
        wait_for(lambda: moment < data()["last_write"] <= time.time(), "another write in the status")
        assert fake.terminate() == 0
        assert recorder.terminate() == 0
    assert files(tmp_path, ".part") == []
    for path in files(tmp_path, ".g3"):
        assert len(list(core.G3File(str(path)))) >= 3, path
    field = f"{FEED}.channel_00"
    times, values = so3g_load([field], started - 5, time.time() + 5, tmp_path / "hk")[field]
    assert_gapless(times, 0.1)
    assert len(times) == len(values) > 30
    ours = hkarchive.load([field], started - 5, time.time() + 5, tmp_path / "hk")[field]
    assert ours[0].tolist() == pytest.approx(times, abs=1e-6)
    assert ours[1].tolist() == list(map(float, values))


def test_what_an_aggregator_tells_of_the_archive_is_in_the_archive(site, tmp_path):
    own = "observatory.patient.feeds.archive.lag"
    with site.agent("patient"):
        wait_for(
            lambda: own in hkarchive.scan(time.time() - 60, time.time(), tmp_path / "hk"), "its own feed on disk", 60
        )


def test_a_new_agent_is_recorded_by_a_running_aggregator(site, tmp_path):
    with site.agent("patient"), site.agent("fake1"):
        client = site.running("patient", "record")
        wait_for(lambda: FEED in client.record.status().session["data"].get("providers", {}), "the first agent's feed")
        with site.agent("fake2"):
            second = FEED.replace("fake1", "fake2")
            wait_for(lambda: second in client.record.status().session["data"]["providers"], "the second agent's feed")
            wait_for(
                lambda: f"{second}.channel_00" in hkarchive.scan(time.time() - 60, time.time(), tmp_path / "hk"),
                "its samples on disk",
            )


def test_a_killed_aggregator_loses_no_frame_and_leaves_no_torn_file(site, tmp_path):
    started, field = time.time(), f"{FEED}.channel_00"

    def on_disk():
        interval = started, time.time()
        if field not in hkarchive.scan(*interval, tmp_path / "hk"):
            return []
        return hkarchive.load([field], *interval, tmp_path / "hk")[field][0].tolist()

    with site.agent("fake1"):
        with site.agent("patient", log="killed") as killed:
            first = wait_for(on_disk, "a frame on disk", 60)
            wait_for(lambda: len(on_disk()) > len(first), "a later frame")
            os.kill(killed.child.pid, signal.SIGKILL)
            killed.exit_status()
        (part,) = files(tmp_path, ".part")
        part.write_bytes(part.read_bytes()[:-11])  # as if the kill had come in the middle of a write
        whole = on_disk()
        assert len(whole) >= len(first)
        with site.agent("patient") as second:
            client = site.running("patient", "record")
            wait_for(lambda: client.record.status().session["data"].get("last_write"), "a write of the next recorder")
            status = client.record.status().session
            assert status["data"]["files_rescued"] == 1
            assert any("left by a killed recorder" in text for _, text in status["messages"])
            assert second.terminate() == 0
    assert files(tmp_path, ".part") == []
    assert len(files(tmp_path, ".g3")) == 2
    times, _ = so3g_load([field], started - 5, time.time() + 5, tmp_path / "hk")[field]
    assert times[: len(whole)] == pytest.approx(whole, abs=1e-6)
    assert len(times) == len(set(times)) > len(whole)
    assert times == sorted(times)


def test_recording_goes_on_when_the_router_comes_back(site, tmp_path):
    router = Router(tmp_path / "own_router")
    site.router = router
    write_site(site)
    field = f"{FEED}.channel_00"

    def last():
        return hkarchive.scan(time.time() - 600, time.time(), tmp_path / "hk").get(field)

    router.start()
    try:
        with site.agent("patient") as patient, site.agent("fake1"):
            wait_for(last, "samples on disk", 60)
            router.stop()
            time.sleep(2)
            router.start()
            returned = time.time()
            wait_for(lambda: last().last > returned, "samples that were taken after the router's return", 60)
            assert patient.terminate() == 0
    finally:
        router.stop()
    assert len(files(tmp_path, ".g3")) == 1


def test_recording_can_be_stopped_and_started_with_upstreams_clients(site, tmp_path):
    with site.agent("idle") as idle, site.agent("fake1"):
        client = site.client("idle")
        assert client.record.status().session == {}
        client.record.start()
        wait_for(lambda: files(tmp_path, ".part"), "a file being written")
        (part,) = files(tmp_path, ".part")
        wait_for(
            lambda: client.record.status().session["data"].get("current_file") == str(part), "the status to name it"
        )
        client.record.stop()
        assert client.record.wait(timeout=300).session["success"] is True
        assert files(tmp_path, ".part") == []
        (first,) = files(tmp_path, ".g3")
        command = [sys.executable, "-m", "livemon.client.upstream", "shell", "idle"]
        typed = "print(client.record.start().msg)\n"
        answer = subprocess.run(
            command, env=site.environment, input=typed, capture_output=True, text=True, timeout=300, check=False
        )
        assert 'Started process "record"' in answer.stdout, answer.stdout + answer.stderr
        wait_for(lambda: files(tmp_path, ".part"), "a second file being written")
        assert idle.terminate() == 0
    assert len(files(tmp_path, ".g3")) == 2
    assert first in files(tmp_path, ".g3")


def test_an_aggregator_without_its_directory_says_so(site, tmp_path):
    (tmp_path / "hk").rmdir()
    with site.agent("recorder") as recorder:
        assert recorder.exit_status() == 1
        assert recorder.last_line == (
            f"livemon: process record of agent recorder failed: FileNotFoundError: {tmp_path / 'hk'} is not a directory"
        )
