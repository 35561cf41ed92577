"""Certificates and authorities that a lab supplies: why they cannot be used, said before anything is changed."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterator
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from ..entries import Entry

Certificates = list[x509.Certificate]

AUTHORITY = "ca"


def faults(supplied: Entry, certificate: str | None, key: str | None, now: dt.datetime | None = None) -> Iterator[str]:
    """Every fault of a certificate and its key, one sentence each.

    Parameters
    ----------
    supplied
        Its ``setting``, ``name``, the paths ``certificate`` and ``key``, and the ``names`` that it must have.
    certificate, key
        The text of the files; `None` for one that cannot be read.
    """
    now = now or dt.datetime.now(dt.timezone.utc)  # noqa: UP017 - Python 3.10 has no UTC
    file, key_file = (f"{supplied['setting']}: {supplied[part]}" for part in ("certificate", "key"))
    chain = _chain(certificate)
    if not chain:
        yield f"{file} {'cannot be read' if certificate is None else 'contains no certificate'}; name a PEM file on this computer"
    try:
        private = None if key is None else serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        private = None
    if private is None:
        yield (
            f"{key_file} {'cannot be read' if key is None else 'contains no usable key'}; name a PEM file on this computer, "
            "without a passphrase (Ansible Vault may encrypt it)"
        )
    if not chain:
        return
    if private is not None and private.public_key() != chain[0].public_key():
        yield f"{key_file} does not match the first certificate of {supplied['certificate']}; name a matching pair"
    for each in chain:
        if each.not_valid_after_utc <= now:
            yield f"{file}: {_subject(each)} expired on {each.not_valid_after_utc:%Y-%m-%d}; have it renewed"
        elif each.not_valid_before_utc > now:
            yield f"{file}: {_subject(each)} is not valid before {each.not_valid_before_utc:%Y-%m-%d}; check this computer's clock"
    for lower, upper in pairwise(chain):
        if not _is_issued_by(lower, upper):
            yield f"{file}: {_subject(lower)} was not signed by the next one, {_subject(upper)}; put each before its issuer"
    if supplied["name"] == AUTHORITY:
        yield from _faults_of_authority(file, chain)
    else:
        yield from _faults_of_names(file, chain[0], supplied["names"])


def name(certificate: str) -> str:
    """Return a name by which a server with this certificate can be reached; empty if it has none."""
    chain = _chain(certificate)
    return next((each.replace("*", "monitor") for each in _names(chain[0])), "") if chain else ""


def _faults_of_authority(file: str, chain: Certificates) -> Iterator[str]:
    try:
        signs = chain[0].extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        signs = False
    if not signs:
        yield f"{file}: {_subject(chain[0])} is not a certificate authority; name the certificate of one (CA:TRUE)"
    elif chain[-1].issuer != chain[-1].subject:
        yield f"{file}: the issuer of {_subject(chain[-1])} is missing; append the certificates up to the root"


def _faults_of_names(file: str, certificate: x509.Certificate, required: list[str]) -> Iterator[str]:
    present = _names(certificate)
    if not present:
        yield f"{file} has no names (subjectAltName), so browsers reject it; have one issued with the names that people type"
    elif missing := [each for each in required if not _is_among(each, present)]:
        yield (
            f"{file} lacks {', '.join(missing)}: it has {', '.join(present)}; "
            "correct grafana_server_names, or have another one issued"
        )


def _is_among(name: str, present: list[str]) -> bool:
    try:
        return str(ipaddress.ip_address(name)) in present
    except ValueError:
        first, _, rest = name.lower().partition(".")
        return name.lower() in present or (bool(first) and f"*.{rest}" in present)


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(each.value).lower() for each in names if isinstance(each, (x509.DNSName, x509.IPAddress))]


def _chain(text: str | None) -> Certificates:
    try:
        return x509.load_pem_x509_certificates((text or "").encode())
    except ValueError:
        return []


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "a certificate without a name"
