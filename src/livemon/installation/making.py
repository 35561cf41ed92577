"""Certificates and keys themselves: made, signed, read and written as PEM."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import cast, get_args

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificateIssuerPublicKeyTypes,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from livemon.errors import ConfigError

CA_LIFETIME = dt.timedelta(days=3650)
SERVER_LIFETIME = dt.timedelta(days=397)
RENEW_BEFORE = dt.timedelta(days=30)
CLOCK_TOLERANCE = dt.timedelta(hours=1)
"""A lab machine's clock may be behind the one that signed: certificates are valid from this long ago."""


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a key."""
    return ec.generate_private_key(ec.SECP256R1())


def make_authority(key: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    """Return the certificate of an authority of our own."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"livemon certificate authority {now:%Y-%m-%d}")])
    return (
        _builder(name, name, key, now, now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def sign_server(
    issuer: x509.Certificate,
    issuer_key: CertificateIssuerPrivateKeyTypes,
    key: ec.EllipticCurvePrivateKey,
    alternatives: list[x509.GeneralName],
    now: dt.datetime,
) -> x509.Certificate:
    """Return a server's certificate; it does not outlive the authority that signs it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "livemon")])
    end = min(now + SERVER_LIFETIME, issuer.not_valid_after_utc)
    return (
        _builder(name, issuer.subject, key, now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(_authority_identifier(issuer), critical=False)
        .sign(
            issuer_key,
            None if isinstance(issuer_key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)) else hashes.SHA256(),
        )
    )


def load_chain(path: Path) -> list[x509.Certificate]:
    """Return the certificates of a file.

    Raises
    ------
    ConfigError
        If it holds none.
    """
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError as error:
        raise ConfigError(f"{path} holds no certificate; bring a PEM file") from error


def load_key(path: Path) -> CertificateIssuerPrivateKeyTypes:
    """Return the key of a file.

    Raises
    ------
    ConfigError
        If it holds none, one with a passphrase, or one that is made for an exchange of keys and not for signatures.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path} holds no key that can be read; bring a PEM file without a passphrase") from error
    if not isinstance(key, get_args(CertificateIssuerPrivateKeyTypes)):
        raise ConfigError(
            f"{path} holds a key that cannot sign ({type(key).__name__}); bring an EC, RSA or Ed25519 key"
        )
    return cast("CertificateIssuerPrivateKeyTypes", key)


def key_pem(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    """Return a key as it is written into a file."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def pem(certificates: list[x509.Certificate]) -> bytes:
    """Return certificates as they are written into a file."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether one has signed the other."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def until(certificate: x509.Certificate) -> str:
    """Return how long it holds, for a sentence."""
    return f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"


def _authority_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        named = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        # It has signed its own certificate: its key is of a kind that signs.
        signing = cast("CertificateIssuerPublicKeyTypes", issuer.public_key())
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(signing)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(named)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    end: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(end)
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
