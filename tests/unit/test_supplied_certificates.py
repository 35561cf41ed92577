"""Certificates that a lab brings: each fault is said with setting, file and what to do, before anything is changed."""

from __future__ import annotations

import datetime as dt
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from plugins.plugin_utils.inventory.faults import certificates

NOW = dt.datetime.now(dt.UTC)


class Made:
    """A certificate with its key, signed by itself or by another."""

    def __init__(self, name="monitor.lab", *, by=None, names=(), authority=False, begins=-1, ends=30):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        issuer = by or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(issuer.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + dt.timedelta(days=begins))
            .not_valid_after(NOW + dt.timedelta(days=ends))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(map(general_name, names))), critical=False)
        self.pem = builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def key_pem(self, passphrase=None):
        encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        ).decode()


def general_name(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


ROOT = Made("Root", authority=True)
BELOW = Made("Below", by=ROOT, authority=True)
SERVER = Made(by=BELOW, names=["monitor.lab", "*.cryo.lab", "192.0.2.10"])
OTHER = Made("Other", authority=True)


def faults(certificate, key, *, name="grafana", names=()):
    setting = "certificate_authority" if name == "ca" else "grafana_certificate"
    brought = {
        "setting": setting,
        "name": name,
        "certificate": "/lab/it.crt",
        "key": "/lab/it.key",
        "names": list(names),
    }
    return list(certificates.faults(brought, certificate, key))


@pytest.mark.parametrize(
    ("certificate", "key", "more"),
    [
        (
            SERVER.pem + BELOW.pem + ROOT.pem,
            SERVER.key_pem(),
            {"names": ["monitor.lab", "MONITOR.lab", "fridge.cryo.lab", "192.0.2.10"]},
        ),
        (SERVER.pem, SERVER.key_pem(), {}),
        (BELOW.pem + ROOT.pem, BELOW.key_pem(), {"name": "ca"}),
        (ROOT.pem, ROOT.key_pem(), {"name": "ca"}),
    ],
    ids=["server with chain", "server alone", "authority below another", "root"],
)
def test_what_will_do_has_no_faults(certificate, key, more):
    assert faults(certificate, key, **more) == []


@pytest.mark.parametrize(
    ("certificate", "key", "more", "sentence"),
    [
        (None, SERVER.key_pem(), {}, "/lab/it.crt cannot be read; name a PEM file on this computer"),
        ("nothing", SERVER.key_pem(), {}, "/lab/it.crt contains no certificate"),
        (SERVER.pem, None, {}, "/lab/it.key cannot be read"),
        (SERVER.pem, "nothing", {}, "/lab/it.key contains no usable key"),
        (SERVER.pem, SERVER.key_pem(b"secret"), {}, "without a passphrase"),
        (SERVER.pem, ROOT.key_pem(), {}, "/lab/it.key does not match the first certificate of /lab/it.crt"),
        (BELOW.pem + SERVER.pem, SERVER.key_pem(), {}, "does not match the first certificate"),
        (SERVER.pem + OTHER.pem, SERVER.key_pem(), {}, "CN=monitor.lab was not signed by the next one, CN=Other"),
        (
            SERVER.pem,
            SERVER.key_pem(),
            {"names": ["monitor.lab", "lab.example"]},
            "lacks lab.example: it has monitor.lab",
        ),
        (SERVER.pem, SERVER.key_pem(), {"names": ["192.0.2.11"]}, "lacks 192.0.2.11"),
        (SERVER.pem, SERVER.key_pem(), {"name": "ca"}, "CN=monitor.lab is not a certificate authority"),
        (BELOW.pem, BELOW.key_pem(), {"name": "ca"}, "the issuer of CN=Below is missing"),
    ],
)
def test_each_fault_is_said_with_its_file(certificate, key, more, sentence):
    found = faults(certificate, key, **more)
    assert any(sentence in fault for fault in found), found
    assert all(
        fault.startswith(("grafana_certificate: /lab/it.", "certificate_authority: /lab/it.")) for fault in found
    )


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (Made(names=["monitor.lab"], ends=-0.5), "CN=monitor.lab expired on"),
        (Made(names=["monitor.lab"], begins=2), "check this computer's clock"),
        (Made(), "has no names (subjectAltName)"),
    ],
)
def test_a_certificate_that_browsers_would_refuse_is_told(made, sentence):
    (fault,) = faults(made.pem, made.key_pem())
    assert sentence in fault


def test_no_fault_shows_a_key():
    key = SERVER.key_pem().splitlines()[1]
    assert not any(key in fault for fault in faults("nothing", SERVER.key_pem()) + faults(ROOT.pem, SERVER.key_pem()))


@pytest.mark.parametrize(
    ("certificate", "name"),
    [
        (SERVER.pem, "monitor.lab"),
        (Made(names=["*.cryo.lab"]).pem, "monitor.cryo.lab"),
        (ROOT.pem, ""),
        ("nothing", ""),
    ],
)
def test_a_name_by_which_the_server_may_be_asked(certificate, name):
    assert certificates.name(certificate) == name
