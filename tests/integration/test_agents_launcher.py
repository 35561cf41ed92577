"""The launcher with real agents: socs's Lake Shore agents on simulators, a real router that comes and goes."""

import math
import os
import signal
import socket
import subprocess
import time

import pytest
from ocs_site import LIVEMON, Site, simulator
from processes import listens
from router import Router
from scripted_instrument import on_tcp, whole
from waiting import patience, wait_for

from livemon import hkarchive
from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.lakeshore240.simulator import Model240
from livemon.instruments.lakeshore372.simulator import Model372
from plugins.plugin_utils.inventory.models import MODELS

FEED = "observatory.control.feeds.temperatures"
R_OVER = 16


@pytest.fixture
def site(router, tmp_path):
    return Site(tmp_path, router)


@pytest.fixture
def own_router(tmp_path_factory):
    """A router that the test may stop; not started."""
    router = Router(tmp_path_factory.mktemp("own_router"))
    yield router
    router.stop()


def fields(client):
    return client.acq.status().session["data"].get("fields", {})


def connected(client):
    return client.acq.status().session["data"]["connection"]["connected"]


def last_time(client):
    return client.acq.status().session["data"].get("timestamp", 0.0)


def last_recorded(directory):
    spans = hkarchive.scan(time.time() - 600, time.time(), directory)
    return max((span.last for span in spans.values()), default=0.0)


def archived(directory):
    """The fields of the 372's feed that have samples on the disk."""
    paths = hkarchive.scan(time.time() - 600, time.time() + 60, directory)
    return {path.removeprefix(f"{FEED}.") for path in paths if path.startswith(FEED)}


def back_again(client, instrument, last, what):
    """Let the instrument work, and measure how long it takes until it has been asked `last`, the end of a round, and all is well."""
    started, asked = time.monotonic(), len(instrument.asked)
    instrument.fault = whole
    wait_for(lambda: any(last in message for message in instrument.asked[asked:]), f"readings after {what}", 30)
    wait_for(lambda: not is_degraded(client, "acq"), f"the agent not to be degraded after {what}", 5)
    seconds = time.monotonic() - started
    print(f"{what}: back after {seconds:.1f} s")
    assert seconds < 10 * patience(), what


def waiting_for_its_instrument(site, name):
    """Return a client of an agent that has begun without its instrument, once it says so."""
    client = site.client(name)
    wait_for(lambda: is_degraded(client, "init_lakeshore"), "the agent to be degraded before it has an instrument", 60)
    return client


def is_degraded(client, operation):
    session = getattr(client, operation).status().session
    return session.get("status") == "running" and session["degraded"]


def simulated(model):
    """What an instrument of a model answers, by the clock of this machine."""
    instrument, switched_on = model("SIM1", Cryostat()), time.monotonic()
    return lambda message: instrument.handle(message, time.monotonic() - switched_on)


SILENT, GARBAGE = (lambda *_: []), (lambda *_: [b"\xff%\x00 7\r\n"])


def test_a_372_that_is_refused_silent_or_garbled_is_waited_for_in_one_process(site):
    with on_tcp(simulated(Model372)) as instrument:
        site.write(control=("Lakeshore372Agent", ["--ip-address", instrument.address], ["--enable-control-chan"]))
        instrument.leave()
        with site.agent("control") as agent:
            client = waiting_for_its_instrument(site, "control")
            for fault in (GARBAGE, SILENT):
                asked = len(instrument.asked)
                instrument.fault = fault
                instrument.listen()
                wait_for(lambda asked=asked: len(instrument.asked) > asked + 1, "the agent to try the instrument", 30)
                assert is_degraded(client, "init_lakeshore")
                instrument.leave()
            instrument.listen()
            back_again(client, instrument, "SRDG? A", "a 372 that was refused, garbled and silent at start-up")
            assert set(fields(client)) <= {"control"} | {f"Channel_{number:02d}" for number in range(1, 17)}
            for what, fault in (("garbled", GARBAGE), ("silent", SILENT), ("refused", None)):
                instrument.fault = fault or whole
                if fault is None:
                    instrument.leave()
                wait_for(lambda: is_degraded(client, "acq"), f"the agent to be degraded by a 372 that is {what}", 30)
                time.sleep(5)
                if fault is None:
                    instrument.listen()
                back_again(client, instrument, "SRDG? A", f"a 372 that was {what} while it was read")
            assert agent.child.poll() is None
            instrument.fault = SILENT
            wait_for(lambda: is_degraded(client, "acq"), "the agent to be degraded again", 30)
            started = time.monotonic()
            assert agent.terminate() == 0
            assert time.monotonic() - started < 10 * patience(), "Docker would have killed it"


def test_a_372_reads_what_the_inventory_asks_for_beside_its_channels_and_says_which_readings_are_invalid(
    site, tmp_path
):
    """The control input is set to a range that its sensor is beyond."""
    extras = MODELS["372"].extras.values()
    wanted = {field.name for extra in extras for field in (*extra.fields, *extra.flags)}
    with simulator(372, tmp_path) as (address, _):
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=20) as panel:
            panel.sendall(b"INTYPE A,1,4,0,1,0,1\r\nINTYPE? A\r\n")
            assert panel.recv(64).strip() == b"1,04,0,01,0,1"
        site.write(
            control=("Lakeshore372Agent", ["--ip-address", address], *(list(extra.option) for extra in extras)),
            recorder=("AggregatorAgent", ["--data-dir", tmp_path], ["--frame-seconds", 1]),
        )
        with site.agent("recorder"), site.agent("control"):
            wait_for(lambda: wanted <= archived(tmp_path), f"samples of {wanted} in the archive", 90)
    paths = [f"{FEED}.{name}" for name in ("control_T", "control_status", "control_T_flagged")]
    found = hkarchive.load(paths, time.time() - 600, time.time() + 60, tmp_path)
    (_, temperatures), (_, statuses), (_, flagged) = (found[path] for path in paths)
    assert math.isnan(temperatures[-1])
    assert (statuses[-1], flagged[-1]) == (R_OVER, 0.0)


def test_what_commands_to_a_372_publish_is_known_to_the_inventory(site, tmp_path):
    model = MODELS["372"]
    settings = {field.name for field in model.settings}
    with simulator(372, tmp_path) as (address, _):
        site.write(
            control=("Lakeshore372Agent", ["--ip-address", address]),
            recorder=("AggregatorAgent", ["--data-dir", tmp_path], ["--frame-seconds", 1]),
        )
        with site.agent("recorder"), site.agent("control"):
            site.running("recorder", "record")
            client = site.running("control", "acq")
            for command in (
                lambda: client.set_heater_output(heater="sample", output=0.1),
                lambda: client.set_heater_output(heater="still", output=0.1),
                lambda: client.set_still_output(output=5),
            ):
                # The agent's own readings keep the instrument busy at times.
                wait_for(lambda command=command: command().session["success"], "a command to succeed")
            wait_for(lambda: settings <= archived(tmp_path), f"samples of {settings} in the archive", 60)
    known = {field.name for each in model.channels for field in (*model.fields(each), *model.flags(each))}
    assert archived(tmp_path) <= settings | known


def test_a_240_that_is_refused_or_half_open_is_waited_for_in_one_process(site):
    with on_tcp(simulated(Model240)) as instrument:
        site.write(ls240=("Lakeshore240Agent", ["--port", f"tcp://{instrument.address}"], ["--mode", "acq"]))
        instrument.leave()
        with site.agent("ls240") as agent:
            client = waiting_for_its_instrument(site, "ls240")
            instrument.listen()
            back_again(client, instrument, "SRDG? 8", "a 240 that was refused at start-up")
            wait_for(lambda: len(fields(client)) == 8, "readings of eight channels")
            assert set(fields(client)) == {f"Channel_{number}" for number in range(1, 9)}
            # Half-open: the instrument was switched off silently. When it is on again, it resets connections that it does not know.
            instrument.fault = SILENT
            wait_for(lambda: is_degraded(client, "acq"), "the agent to be degraded by a 240 that is silent", 10)
            time.sleep(5)
            instrument.reset()
            back_again(client, instrument, "SRDG? 8", "a 240 whose connection was half-open")
            instrument.leave()
            wait_for(
                lambda: is_degraded(client, "acq"), "the agent to be degraded by a 240 that refuses connections", 10
            )
            time.sleep(5)
            instrument.listen()
            back_again(client, instrument, "SRDG? 8", "a 240 that was refused while it was read")
            assert agent.terminate() == 0


def test_a_driver_that_hangs_does_not_keep_the_process_from_ending(site, tmp_path):
    with simulator(240, tmp_path) as (address, instrument):
        site.write(ls240=("Lakeshore240Agent", ["--port", f"tcp://{address}"], ["--mode", "acq"]))
        with site.agent("ls240") as agent:
            client = site.running("ls240", "acq")
            wait_for(lambda: len(fields(client)) == 8, "readings of eight channels")
            instrument.send_signal(signal.SIGSTOP)
            try:
                started = time.monotonic()
                assert agent.terminate() == 0
                assert time.monotonic() - started < 10 * patience(), "Docker would have killed it"
            finally:
                instrument.send_signal(signal.SIGCONT)


def test_a_deliberate_stop_is_left_alone(site):
    site.write(fake=("FakeDataAgent", ["--mode", "acq"]))
    with site.agent("fake") as agent:
        client = site.running("fake", "acq")
        wait_for(lambda: fields(client), "readings: before it has begun, acq takes no stop")
        client.acq.stop()
        assert client.acq.wait(timeout=300).session["success"] is True
        client.acq.start(test_mode=True)
        assert client.acq.wait(timeout=300).session["success"] is True
        assert client.delay_task(delay=0.1, succeed=False).session["success"] is False
        with pytest.raises(subprocess.TimeoutExpired):
            agent.child.wait(2)
        client.acq.start()
        wait_for(lambda: client.acq.status().session["status"] == "running", "acq to run again")
        assert agent.terminate() == 0


def test_an_agent_that_ends_before_it_joins_is_an_error(site):
    site.write(ls240=("Lakeshore240Agent", ["--serial-number", "NOWHERE"], ["--mode", "acq"]))
    with site.agent("ls240") as agent:
        assert agent.exit_status() == 1
        assert agent.last_line == (
            "livemon: agent ls240 (Lakeshore240Agent) ended without being asked to before it joined the router; "
            "see its log for the reason"
        )


@pytest.mark.parametrize(
    ("instance_id", "sentence"),
    [("fake2", "did you mean fake?"), ("odd", "unknown agent-class 'FakeDatAgent'; did you mean FakeDataAgent?")],
)
def test_a_mistake_in_the_site_config_is_one_sentence(site, instance_id, sentence):
    site.write(fake=("FakeDataAgent",), odd=("FakeDatAgent",))
    answer = subprocess.run(
        [LIVEMON, "agent", instance_id], env=site.environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_agents_wait_for_the_router_and_outlive_it(own_router, tmp_path):
    site = Site(tmp_path, own_router)
    site.write(
        fake=("FakeDataAgent", ["--mode", "acq"]),
        recorder=("AggregatorAgent", ["--data-dir", tmp_path], ["--frame-seconds", 1]),
    )

    def is_refused(agent):
        return "Scheduling retry" in agent.output

    with site.agent("fake", log="never") as agent:
        # Before it runs, SIGTERM ends it as any process.
        wait_for(lambda: is_refused(agent), "the agent to find no router", 60)
        with pytest.raises(subprocess.TimeoutExpired):
            agent.child.wait(3)
        assert agent.terminate() == 0  # also while it waits
    with site.agent("fake") as agent, site.agent("recorder") as recorder:
        wait_for(lambda: is_refused(agent) and is_refused(recorder), "both agents to find no router", 60)
        with pytest.raises(subprocess.TimeoutExpired):
            agent.child.wait(3)
        own_router.start()
        client = site.running("fake", "acq")
        started = client.acq.status().session["start_time"]
        wait_for(lambda: last_recorded(tmp_path), "samples in the archive")
        own_router.stop()
        with pytest.raises(subprocess.TimeoutExpired):
            agent.child.wait(11)  # longer than upstream's patience
        own_router.start()
        returned = time.time()
        client = site.running("fake", "acq")
        before = last_time(client)
        wait_for(lambda: last_time(client) > before, "new samples after the router's return")
        wait_for(lambda: last_recorded(tmp_path) > returned, "new samples in the archive after the router's return")
        assert client.acq.status().session["start_time"] == started, "acquisition was interrupted"
        assert agent.terminate() == 0
        assert recorder.terminate() == 0


def test_registrations_are_taken_from_a_session_that_is_only_half_dead(site):
    site.write(fake=("FakeDataAgent", ["--mode", "acq"]))
    with site.agent("fake", log="hung") as hung:
        site.running("fake", "acq")
        os.kill(hung.child.pid, signal.SIGSTOP)  # its connection stays open, without answers
        try:
            with site.agent("fake") as agent:
                # Before that, a call would be the hung process's and wait for the router to notice.
                wait_for(lambda: 'acq:0 Status is now "running"' in agent.output, "the second process to run", 60)
                started = time.monotonic()
                assert site.client("fake")._api["instance_pid"] == agent.child.pid
                assert time.monotonic() - started < 5 * patience(), "the router still waits for the hung process"
        finally:
            os.kill(hung.child.pid, signal.SIGCONT)


def test_simulators_listen_where_they_say(tmp_path):
    with simulator(240, tmp_path) as (address, _):
        host, port = address.split(":")
        assert listens(int(port), host)
