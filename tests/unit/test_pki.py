"""Certificates: made once, renewed for a reason, replaced without a gap, verified by OpenSSL."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
import subprocess

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import x25519

from livemon.commands.certificates import command
from livemon.errors import ConfigError
from livemon.installation import authority, certificates, making
from livemon.installation.servers import Server, read

ROUTER = certificates.Server(names=("sisock-crossbar", "localhost"), addresses=("127.0.0.1",))
GRAFANA = certificates.Server("grafana", ("monitor.lab",), ("192.0.2.7",))
NOW = dt.datetime.now(dt.UTC)


def ensure(directory, *servers, **options):
    return list(certificates.ensure(directory, servers or [ROUTER], **options))


def openssl_accepts(trusted, certificate, *check):
    command = [
        "openssl",
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-CAfile",
        trusted,
        *check,
        "-untrusted",
        certificate,
    ]
    return subprocess.run([*command, certificate], check=False, capture_output=True).returncode == 0


def lab_authority(directory, name="Lab", *, below=None, path_length=None, ends=None):
    """An authority that a lab brings, of a key that is not ours (RSA), perhaps below another one."""
    directory.mkdir(exist_ok=True)
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    length = "" if path_length is None else f",pathlen:{path_length}"
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        f"/CN={name}",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    words += [
        "-addext",
        f"basicConstraints=critical,CA:TRUE{length}",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    ]
    words += ["-days", str(ends or 100)] + (["-CA", below[0], "-CAkey", below[1]] if below else [])
    subprocess.run(words, check=True, capture_output=True)
    return certificate, key


def bring(directory, certificates, key, name="ca"):
    supplied = directory / "supplied"
    supplied.mkdir(parents=True, exist_ok=True)
    (supplied / f"{name}.crt").write_bytes(b"".join(each.read_bytes() for each in certificates))
    (supplied / f"{name}.key").write_bytes(key.read_bytes())


def age(directory, days):
    """Let the authority's key be older."""
    then = (NOW - dt.timedelta(days=days)).timestamp()
    os.utime(directory / "ca.key", (then, then))


def test_first_run_makes_both_and_the_second_nothing(tmp_path):
    assert len(ensure(tmp_path)) == 2
    assert ensure(tmp_path) == []


@pytest.mark.parametrize(
    ("check", "accepted"),
    [
        (("-verify_hostname", "sisock-crossbar"), True),
        (("-verify_ip", "127.0.0.1"), True),
        (("-verify_hostname", "elsewhere"), False),
    ],
)
def test_openssl_accepts_the_chain_and_the_names(tmp_path, check, accepted):
    ensure(tmp_path)
    assert openssl_accepts(tmp_path / "ca.crt", tmp_path / "server/server.crt", *check) is accepted


def test_keys_are_for_their_reader_only(tmp_path):
    ensure(tmp_path)
    for key in (tmp_path / "ca.key", tmp_path / "server/server.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o400
    assert stat.S_IMODE((tmp_path / "ca.crt").stat().st_mode) == 0o644


def test_what_everybody_may_read_holds_every_certificate_and_no_key(tmp_path):
    ensure(tmp_path, ROUTER, GRAFANA)
    public = tmp_path / "public"
    assert sorted(file.name for file in public.iterdir()) == ["ca.crt", "grafana.crt", "server.crt"]
    assert (public / "grafana.crt").read_bytes() == (tmp_path / "grafana/server.crt").read_bytes()
    assert b"PRIVATE" not in b"".join(file.read_bytes() for file in public.iterdir())
    ensure(tmp_path, ROUTER, new_authority=True)
    assert sorted(file.name for file in public.iterdir()) == ["ca.crt", "server.crt"], (
        "of servers that are no more nothing is left"
    )
    assert (public / "ca.crt").read_bytes() == (tmp_path / "ca.crt").read_bytes()


@pytest.mark.parametrize(
    ("server", "options", "reason"),
    [
        (
            certificates.Server(names=(*ROUTER.names, "lab.example"), addresses=ROUTER.addresses),
            {},
            "its names had changed",
        ),
        (ROUTER, {"now": NOW + certificates.SERVER_LIFETIME - certificates.RENEW_BEFORE / 2}, "it was about to end"),
        (ROUTER, {"new_keys": True}, "that was wanted"),
    ],
    ids=["names", "age", "wish"],
)
def test_a_server_certificate_that_no_longer_holds_is_made_again(tmp_path, server, options, reason):
    ensure(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in ("ca.crt", "server/server.key")}
    (sentence,) = ensure(tmp_path, server, **options)
    assert reason in sentence
    assert (tmp_path / "ca.crt").read_bytes() == before["ca.crt"]
    assert (tmp_path / "server/server.key").read_bytes() != before["server/server.key"]


def test_each_server_has_a_certificate_of_its_own_by_the_same_authority(tmp_path):
    ensure(tmp_path)
    (sentence,) = ensure(tmp_path, ROUTER, GRAFANA)
    assert "grafana/server.crt (it did not exist)" in sentence
    assert ensure(tmp_path, ROUTER, GRAFANA) == []
    assert openssl_accepts(tmp_path / "ca.crt", tmp_path / "grafana/server.crt", "-verify_hostname", "monitor.lab")
    assert (tmp_path / "grafana/server.key").read_bytes() != (tmp_path / "server/server.key").read_bytes()


def test_while_an_authority_is_replaced_clients_of_either_are_served(tmp_path):
    ensure(tmp_path)
    former = (tmp_path / "server/server.crt").read_bytes()
    made = ensure(tmp_path, new_authority=True)
    assert [word in sentence for word, sentence in zip(["authority", "another authority"], made, strict=True)] == [
        True,
        True,
    ]
    (tmp_path / "former.crt").write_bytes(former)
    for certificate in ("former.crt", "server/server.crt"):
        assert openssl_accepts(tmp_path / "ca.crt", tmp_path / certificate)
    assert ensure(tmp_path) == [], "a month lies between"

    age(tmp_path, certificates.OVERLAP.days + 1)
    (sentence,) = ensure(tmp_path)
    assert "no longer CN=livemon certificate authority" in sentence
    assert not openssl_accepts(tmp_path / "ca.crt", tmp_path / "former.crt")
    assert openssl_accepts(tmp_path / "ca.crt", tmp_path / "server/server.crt")


def test_a_replaced_authority_can_be_forgotten_at_once(tmp_path):
    ensure(tmp_path)
    ensure(tmp_path, new_authority=True)
    (sentence,) = ensure(tmp_path, forget=True)
    assert "no longer" in sentence
    assert len(making.load_chain(tmp_path / "ca.crt")) == 1


def test_a_replacement_that_was_ended_before_its_key_was_written_leaves_the_former_authority_in_force(
    tmp_path, monkeypatch
):
    ensure(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(authority, "write_private", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            ensure(tmp_path, new_authority=True)
    assert ensure(tmp_path) == []
    assert openssl_accepts(tmp_path / "ca.crt", tmp_path / "server/server.crt")


def test_a_run_that_was_ended_between_key_and_certificate_is_made_up_for(tmp_path):
    ensure(tmp_path / "other")
    ensure(tmp_path)
    (tmp_path / "other/server/server.key").replace(tmp_path / "server/server.key")
    (sentence,) = ensure(tmp_path)
    assert "another key" in sentence
    assert ensure(tmp_path) == []


def test_the_labs_authority_signs_in_place_of_ours_with_its_chain(tmp_path):
    ensure(tmp_path)
    root = lab_authority(tmp_path / "lab", "Root")
    below = lab_authority(tmp_path / "lab", "Below", below=root, path_length=0)
    bring(tmp_path, [below[0], root[0]], below[1])
    made = ensure(tmp_path)
    assert "took over the lab's certificate authority" in made[0]
    assert openssl_accepts(root[0], tmp_path / "server/server.crt", "-verify_hostname", "localhost"), (
        "the server shows what is between"
    )
    assert ensure(tmp_path) == []
    age(tmp_path, certificates.OVERLAP.days + 1)
    assert len(ensure(tmp_path)) == 1
    assert len(making.load_chain(tmp_path / "ca.crt")) == 2, "ours is gone, the lab's chain is whole"
    with pytest.raises(ConfigError, match="certificate_authority"):
        ensure(tmp_path, new_authority=True)


def test_no_certificate_outlives_its_authority_nor_is_made_again_and_again_at_its_end(tmp_path):
    certificate, key = lab_authority(tmp_path / "lab", ends=20)
    bring(tmp_path, [certificate], key)
    assert len(ensure(tmp_path)) == 2
    ends = [making.load_chain(path)[0].not_valid_after_utc for path in (certificate, tmp_path / "server/server.crt")]
    assert ends[0] == ends[1]
    assert ensure(tmp_path) == []
    with pytest.raises(ConfigError, match="the authority ended on"):
        ensure(tmp_path, now=NOW + dt.timedelta(days=21))


def test_a_certificate_that_the_lab_brings_is_installed_and_never_renewed(tmp_path):
    ensure(tmp_path / "university", GRAFANA)
    brought = [tmp_path / "university/grafana" / name for name in ("server.crt", "server.key")]
    bring(tmp_path / "pki", brought[:1], brought[1], "grafana")
    server = certificates.Server("grafana", supplied=True)
    assert any("took over the lab's server certificate" in sentence for sentence in ensure(tmp_path / "pki", server))
    assert [(tmp_path / "pki/grafana" / path.name).read_bytes() for path in brought] == [
        path.read_bytes() for path in brought
    ]
    assert (tmp_path / "pki/public/grafana.crt").read_bytes() == brought[0].read_bytes()
    assert stat.S_IMODE((tmp_path / "pki/grafana/server.key").stat().st_mode) == 0o400
    assert ensure(tmp_path / "pki", server, new_keys=True, now=NOW + certificates.SERVER_LIFETIME) == []


def missing_key(directory):
    (directory / "ca.key").unlink()


def foreign_key(directory):
    (directory / "ca.key").chmod(0o600)
    ensure(directory / "other")
    (directory / "ca.key").write_bytes((directory / "other/ca.key").read_bytes())


def nonsense(directory):
    (directory / "ca.crt").write_text("nothing")


def foreign_supplied(directory):
    bring(directory, [lab_authority(directory / "a")[0]], lab_authority(directory / "b")[1])


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (missing_key, r"ca\.key is missing"),
        (foreign_key, r"ca\.key does not belong to"),
        (nonsense, r"ca\.crt holds no certificate"),
        (foreign_supplied, r"supplied/ca\.key does not belong to"),
    ],
)
def test_a_broken_authority_is_an_error_that_names_the_file(tmp_path, fault, sentence):
    ensure(tmp_path)
    fault(tmp_path)
    with pytest.raises(ConfigError, match=sentence):
        ensure(tmp_path)


def test_a_malformed_address_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(ConfigError, match=r"172\.16\.300\.1"):
        ensure(tmp_path / "pki", certificates.Server(addresses=("172.16.300.1",)))
    assert not (tmp_path / "pki").exists()


def test_the_command_says_what_it_made_and_else_how_long_all_holds(tmp_path):
    servers = [{"directory": "server", "names": ["localhost"], "addresses": ["127.0.0.1"]}]
    (tmp_path / "servers.json").write_text(json.dumps({"servers": servers}))
    first, second = (CliRunner().invoke(command, ["--dir", str(tmp_path)]) for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    assert [line.split()[0] for line in first.stdout.splitlines()] == ["made", "made"]
    assert second.stdout == ""
    assert "the first ends on" in second.stderr


def test_a_number_that_ansible_2_16_wrote_as_a_text_is_one(tmp_path):
    (tmp_path / "servers.json").write_text(
        '{"servers": [{"directory": "server", "names": ["localhost"], "owner": "9001"}]}'
    )
    assert read(tmp_path / "servers.json") == [Server("server", ("localhost",), owner=9001)]


@pytest.mark.parametrize("text", ["", "[]", '{"servers": [{"name": "a"}]}', '{"servers": 3}'])
def test_a_list_of_servers_that_is_none_says_who_writes_it(tmp_path, text):
    (tmp_path / "servers.json").write_text(text)
    with pytest.raises(ConfigError, match="--tags certificates writes it"):
        read(tmp_path / "servers.json")


def test_a_key_that_cannot_sign_is_refused_with_a_sentence(tmp_path):
    """A key for an exchange of keys was taken, and the first signature ended the command with a traceback."""
    key = x25519.X25519PrivateKey.generate()
    (tmp_path / "ca.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with pytest.raises(ConfigError, match=r"ca\.key holds a key that cannot sign .*bring an EC, RSA or Ed25519 key"):
        making.load_key(tmp_path / "ca.key")
