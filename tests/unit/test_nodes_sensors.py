"""The node of this machine."""

from __future__ import annotations

import datetime as dt
import time
from types import SimpleNamespace

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from livemon.nodes import kernelclock
from livemon.nodes.sensors import SensorsNode

ALWAYS = {"load_1", "cpu_used", "memory_used", "disk_used", "disk_free"}
CLOCK = {"clock_error", "clock_synchronized"}


@pytest.fixture
def node(tmp_path):
    return SensorsNode("sensors", "This machine", disk=tmp_path)


def last(node):
    return {key: value for key, (_, value) in node.get_last().items()}


def test_this_machine_has_values_with_or_without_a_sensor_chip(node):
    node.sample()
    values = last(node)
    assert values.keys() >= ALWAYS | CLOCK
    further = values.keys() - ALWAYS - CLOCK - {"clock_offset"}
    assert bool(further) == any(psutil.sensors_temperatures().values())
    assert 0 <= values["disk_used"] <= 100
    assert all(time.time() - when < 5 for when, _ in node.get_last().values())


@pytest.mark.parametrize(
    ("lacking", "missing"),
    [
        ("sensors_temperatures", set()),
        ("getloadavg", {"load_1", "cpu_used"}),
        ("disk_usage", {"disk_used", "disk_free"}),
    ],
)
def test_what_a_platform_lacks_affects_nothing_else(node, monkeypatch, lacking, missing):
    monkeypatch.delattr(psutil, lacking)
    node.sample()
    assert last(node).keys() & ALWAYS == ALWAYS - missing


def test_temperatures_of_a_chip(node, monkeypatch):
    chips = {"coretemp": [SimpleNamespace(label="Package id 0", current=41.0), SimpleNamespace(label="", current=40.0)]}
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: chips, raising=False)
    node.sample()
    assert (last(node)["temperature_coretemp_package_id_0"], last(node)["temperature_coretemp_1"]) == (41, 40)
    assert node.get_fields()[0]["temperature_coretemp_1"]["units"] == "°C"


def test_a_reading_that_fails_once_does_not_end_the_sampling(tmp_path):
    disk = tmp_path / "mounted"
    node = SensorsNode("sensors", "This machine", disk=disk)
    node.start()
    try:
        assert node._sampling.running
        assert "disk_used" not in last(node)
        assert "load_1" in last(node)
        disk.mkdir()
        node.sample()
        assert 0 <= last(node)["disk_used"] <= 100
    finally:
        node.stop()


def test_the_clock_s_fields_say_what_they_are(node):
    node.sample()
    fields, _ = node.get_fields()
    assert fields["clock_synchronized"]["type"] == "bool"
    assert (fields["clock_error"]["units"], fields["clock_error"]["type"]) == ("s", "number")
    assert last(node)["clock_synchronized"] in {0, 1}


def test_the_kernel_s_answer_is_plausible():
    state = kernelclock.discipline()
    assert state.offset is None or abs(state.offset) < 1
    assert state.error >= 0


@pytest.mark.parametrize(
    ("status", "offset", "expected"),
    [
        (kernelclock.STA_PLL, 250, kernelclock.Discipline(250e-6, 0.5, True)),
        (kernelclock.STA_PLL | kernelclock.STA_NANO, -250, kernelclock.Discipline(-250e-9, 0.5, True)),
        (kernelclock.STA_PLL | kernelclock.STA_UNSYNC, 0, kernelclock.Discipline(0, 0.5, False)),
        # Chrony moves the clock itself: the kernel has 0, whatever the clock is off.
        (kernelclock.STA_NANO, 0, kernelclock.Discipline(None, 0.5, True)),
    ],
)
def test_what_the_kernel_s_answer_means(monkeypatch, status, offset, expected):
    def adjtimex(reference):
        state = reference._obj
        assert state.modes == 0
        state.status, state.offset, state.maxerror = status, offset, 500_000
        return 5

    monkeypatch.setattr(kernelclock.ctypes, "CDLL", lambda *_args, **_options: SimpleNamespace(adjtimex=adjtimex))
    state = kernelclock.discipline()
    assert state.offset == pytest.approx(expected.offset)
    assert (state.error, state.synchronized) == (expected.error, expected.synchronized)


def test_a_container_that_refuses_the_call_has_no_clock_fields(node, monkeypatch):
    def refused():
        raise PermissionError("adjtimex: Operation not permitted")

    monkeypatch.setattr(kernelclock, "discipline", refused)
    node.sample()
    assert not last(node).keys() & CLOCK
    assert last(node).keys() >= ALWAYS


def certificate(name, days, now):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def test_the_certificate_that_ends_first(tmp_path):
    now = dt.datetime.now(dt.UTC)
    (tmp_path / "ca.crt").write_bytes(certificate("ca", 3650, now))
    server = tmp_path / "1" / "server.crt"
    server.parent.mkdir()
    server.write_bytes(certificate("server", 30, now) + certificate("intermediate", 12, now))
    patterns = [str(tmp_path / "ca.crt"), str(tmp_path / "*/server.crt"), str(tmp_path / "2/server.crt")]
    node = SensorsNode("sensors", "This machine", disk=tmp_path, certificates=patterns)
    node.sample()
    assert node.get_last()["certificate_days"][1] == pytest.approx(12, abs=0.01)
    assert node.fields["certificate_days"].path == "livemon.sensors.certificate_days"
    assert node.fields["certificate_days"].units == "d"


def test_a_missing_or_invalid_certificate_affects_nothing_else(tmp_path, node):
    node.sample()
    assert "certificate_days" not in node.fields
    (tmp_path / "ca.crt").write_text("nonsense")
    node = SensorsNode("sensors", "This machine", disk=tmp_path, certificates=[str(tmp_path / "ca.crt")])
    node.sample()
    assert "certificate_days" not in node.fields
    assert "disk_free" in node.fields
