"""The installation's own certificate authority and the certificates it signs, one for each server.

Made once, on the machine they serve; what exists and still holds is left alone. Layout: docs/architecture.md.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from livemon.errors import ConfigError
from livemon.files import write_private, write_public

CA_LIFETIME = dt.timedelta(days=3650)
SERVER_LIFETIME = dt.timedelta(days=397)
RENEW_BEFORE = dt.timedelta(days=30)
CLOCK_TOLERANCE = dt.timedelta(hours=1)
"""A lab machine's clock may be behind the one that signed: certificates are valid from this long ago."""


@dataclass(frozen=True)
class Authority:
    """A certificate authority: its certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def subject_alternative_names(names: Iterable[str], addresses: Iterable[str]) -> list[x509.GeneralName]:
    """DNS names and IP addresses as they stand in a certificate, without repeats, in the order given.

    Raises
    ------
    ConfigError
        If an address is no IP address.
    """
    try:
        ip_addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    except ValueError as error:
        raise ConfigError(f"{error}; write addresses as 192.0.2.7 or 2001:db8::7, names with --name") from error
    return list(dict.fromkeys([*map(x509.DNSName, names), *ip_addresses]))


def ensure(
    directory: Path,
    names: Iterable[str],
    addresses: Iterable[str] = (),
    owner: int | None = None,
    now: dt.datetime | None = None,
    *,
    server: str = "server",
) -> Iterator[str]:
    """Make the authority and a server's certificate below `directory` where they are missing or no longer hold.

    A server certificate no longer holds when it ends within `RENEW_BEFORE`, when it was made for other names or another
    key, or when another authority signed it.

    Parameters
    ----------
    directory
        Receives ``ca.crt``, ``ca.key`` and ``<server>/server.{crt,key}``.
    names, addresses
        What clients call the server: host names and IP addresses.
    owner
        The uid that may read the server's key; `None` leaves it to the caller's own.
    now
        UTC; the present by default.
    server
        The server's directory.

    Yields
    ------
    str
        One sentence for each thing made. Nothing where nothing had to be.

    Raises
    ------
    ConfigError
        If an address is malformed, or if there is a ``ca.crt`` but no key that belongs to it.
    """
    now = now or dt.datetime.now(dt.UTC)
    alternatives = subject_alternative_names(names, addresses)
    directory.mkdir(parents=True, exist_ok=True)
    ca_path, ca_key_path = directory / "ca.crt", directory / "ca.key"
    if not ca_path.exists() and not ca_key_path.exists():
        authority = _new_authority(now)
        write_private(ca_key_path, _key_pem(authority.key))
        write_public(ca_path, _certificate_pem(authority.certificate))
        yield f"made the certificate authority {ca_path}, {_until(authority.certificate)}"
    authority = _load_authority(ca_path, ca_key_path)

    place = directory / server
    certificate_path, key_path = place / "server.crt", place / "server.key"
    reason = _reason_to_sign(certificate_path, key_path, authority, alternatives, now)
    if reason:
        place.mkdir(mode=0o755, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _sign_server(authority, key, alternatives, now)
        write_private(key_path, _key_pem(key), owner)
        write_public(certificate_path, _certificate_pem(certificate))
        yield f"made the server certificate {certificate_path} ({reason}), {_until(certificate)}"


def _new_authority(now: dt.datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"livemon certificate authority {now:%Y-%m-%d}")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(name, name, key, now, CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def _sign_server(
    authority: Authority,
    key: ec.EllipticCurvePrivateKey,
    alternatives: list[x509.GeneralName],
    now: dt.datetime,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "livemon")])
    return (
        _builder(name, authority.certificate.subject, key, now, SERVER_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    lifetime: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + lifetime)
    )


def _key_usage(**granted: bool) -> x509.KeyUsage:
    usages = dict.fromkeys(
        [
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    return x509.KeyUsage(**(usages | granted))


def _reason_to_sign(
    certificate_path: Path,
    key_path: Path,
    authority: Authority,
    alternatives: list[x509.GeneralName],
    now: dt.datetime,
) -> str | None:
    if not certificate_path.exists() or not key_path.exists():
        return "there was none"
    certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, InvalidSignature):
        return "another authority had signed it"
    key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    if key.public_key() != certificate.public_key():
        return "it was made for another key"  # a run that was ended between the two files
    present = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if set(present) != set(alternatives):
        return "its names had changed"
    if certificate.not_valid_after_utc - now < RENEW_BEFORE:
        return "it was about to end"
    return None


def _load_authority(certificate_path: Path, key_path: Path) -> Authority:
    if not certificate_path.exists() or not key_path.exists():
        missing = key_path if certificate_path.exists() else certificate_path
        raise ConfigError(
            f"{missing} is missing: bring it back, or remove its companion too to have a new authority made"
        )
    certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ConfigError(
            f"{key_path} does not belong to {certificate_path}: bring back the pair that belongs together"
        )
    return Authority(certificate, key)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _until(certificate: x509.Certificate) -> str:
    return f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
