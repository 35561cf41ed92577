"""Certificates: made once, renewed for a reason, verified by OpenSSL."""

import datetime as dt
import stat
import subprocess

import pytest

from livemon import pki
from livemon.errors import ConfigError

NAMES = ["sisock-crossbar", "localhost"]


def ensure(directory, names=NAMES, addresses=("127.0.0.1",), **options):
    return list(pki.ensure(directory, names, addresses, **options))


def test_first_run_makes_both_and_the_second_nothing(tmp_path):
    assert len(ensure(tmp_path)) == 2
    assert ensure(tmp_path) == []


def test_openssl_accepts_the_chain_and_the_names(tmp_path):
    ensure(tmp_path)
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", tmp_path / "ca.crt"]
    certificate = tmp_path / "server/server.crt"
    for check in (["-verify_hostname", "sisock-crossbar"], ["-verify_ip", "127.0.0.1"]):
        subprocess.run([*command, *check, certificate], check=True, capture_output=True)
    refused = subprocess.run([*command, "-verify_hostname", "elsewhere", certificate], check=False, capture_output=True)
    assert refused.returncode != 0


def test_keys_are_for_their_reader_only(tmp_path):
    ensure(tmp_path)
    for key in (tmp_path / "ca.key", tmp_path / "server/server.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o400
    assert stat.S_IMODE((tmp_path / "ca.crt").stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"names": [*NAMES, "lab.example"]}, "its names had changed"),
        ({"now": dt.datetime.now(dt.UTC) + pki.SERVER_LIFETIME - pki.RENEW_BEFORE / 2}, "it was about to end"),
    ],
    ids=["names", "age"],
)
def test_a_server_certificate_that_no_longer_holds_is_made_again(tmp_path, change, reason):
    ensure(tmp_path)
    authority = (tmp_path / "ca.crt").read_bytes()
    (sentence,) = ensure(tmp_path, **change)
    assert reason in sentence
    assert (tmp_path / "ca.crt").read_bytes() == authority


def test_each_server_has_a_certificate_of_its_own_by_the_same_authority(tmp_path):
    ensure(tmp_path)
    (sentence,) = ensure(tmp_path, ["monitor.lab"], ["192.0.2.7"], server="grafana")
    assert "grafana/server.crt (there was none)" in sentence
    assert ensure(tmp_path) == ensure(tmp_path, ["monitor.lab"], ["192.0.2.7"], server="grafana") == []
    command = ["openssl", "verify", "-CAfile", tmp_path / "ca.crt", "-verify_hostname", "monitor.lab"]
    subprocess.run([*command, tmp_path / "grafana/server.crt"], check=True, capture_output=True)
    assert (tmp_path / "grafana/server.key").read_bytes() != (tmp_path / "server/server.key").read_bytes()


def test_a_new_authority_signs_again(tmp_path):
    ensure(tmp_path)
    (tmp_path / "ca.crt").unlink()
    (tmp_path / "ca.key").unlink()
    assert any("another authority" in sentence for sentence in ensure(tmp_path))


def test_a_run_that_was_ended_between_key_and_certificate_is_made_up_for(tmp_path):
    ensure(tmp_path / "other")
    ensure(tmp_path)
    (tmp_path / "other/server/server.key").replace(tmp_path / "server/server.key")
    (sentence,) = ensure(tmp_path)
    assert "another key" in sentence
    assert ensure(tmp_path) == []


def test_half_an_authority_is_an_error_that_names_the_missing_half(tmp_path):
    ensure(tmp_path)
    (tmp_path / "ca.key").unlink()
    with pytest.raises(ConfigError, match=r"ca\.key is missing"):
        ensure(tmp_path)


def test_a_malformed_address_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(ConfigError, match=r"172\.16\.300\.1"):
        ensure(tmp_path / "pki", addresses=["172.16.300.1"])
    assert not (tmp_path / "pki").exists()
