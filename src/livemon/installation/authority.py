"""Who signs: the installation's own authority, or one that the lab brings; replaced without a moment in which nobody is trusted.

``ca.crt`` may hold several certificates: the one that ``ca.key`` fits signs, with those above it; the others were replaced and are
still trusted for a while.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from livemon.errors import ConfigError
from livemon.files import write_private, write_public
from livemon.installation.making import is_issued_by, key_pem, load_chain, load_key, make_authority, new_key, pem, until

OVERLAP = dt.timedelta(days=30)
"""How long a replaced authority stays trusted, for whoever keeps a copy of a certificate that it had signed."""
ROTATE = "run playbooks/rotate_certificates.yml -e authority=true"


@dataclass(frozen=True)
class Authority:
    """A certificate authority: its certificate with those above it, and its private key."""

    chain: list[x509.Certificate]
    key: CertificateIssuerPrivateKeyTypes

    @property
    def certificate(self) -> x509.Certificate:
        """The one that signs."""
        return self.chain[0]

    @property
    def below_the_root(self) -> list[x509.Certificate]:
        """What a server shows beside its own certificate: clients have the root."""
        return [each for each in self.chain if each.issuer != each.subject]


def ensure(directory: Path, now: dt.datetime, *, new: bool = False) -> Generator[str, None, Authority]:
    """Make the authority where it is missing, or a new one where that is wanted; yields what was made, returns it."""
    certificates, key = directory / "ca.crt", directory / "ca.key"
    supplied = directory / "supplied"
    present = load(certificates, key) if certificates.exists() or key.exists() else None
    if (supplied / "ca.crt").exists():
        wanted, made = load(supplied / "ca.crt", supplied / "ca.key"), "took over the lab's certificate authority"
        if new:
            raise ConfigError("the lab's own authority signs here: bring another one by certificate_authority instead")
        if present and present.chain == wanted.chain:
            wanted = present
    elif present is None or new:
        own = new_key()
        wanted, made = Authority([make_authority(own, now)], own), "made the certificate authority"
    else:
        wanted = present
    if wanted is not present:
        trusted = load_chain(certificates) if present else []
        # In this order: one that the key does not fit yet is merely trusted.
        write_public(certificates, pem([*wanted.chain, *(each for each in trusted if each not in wanted.chain)]))
        write_private(key, key_pem(wanted.key))
        yield f"{made} {certificates}, {until(wanted.certificate)}"
    if wanted.certificate.not_valid_after_utc <= now:
        raise ConfigError(
            f"{certificates}: the authority ended on {wanted.certificate.not_valid_after_utc:%Y-%m-%d}; {ROTATE}"
        )
    return wanted


def end_overlap(directory: Path, present: Authority, now: dt.datetime, *, forget: bool = False) -> Iterator[str]:
    """Trust replaced authorities no longer, when their time is over or at once."""
    certificates = directory / "ca.crt"
    former = [each for each in load_chain(certificates) if each not in present.chain]
    replaced = dt.datetime.fromtimestamp((directory / "ca.key").stat().st_mtime, dt.UTC)
    if former and (forget or now - replaced > OVERLAP):
        write_public(certificates, pem(present.chain))
        yield f"{certificates} has no longer {', '.join(each.subject.rfc4514_string() for each in former)}"


def load(certificates: Path, key_file: Path) -> Authority:
    """Return the authority that lies there.

    Raises
    ------
    ConfigError
        If half of it is missing, or no certificate belongs to the key.
    """
    if not certificates.exists() or not key_file.exists():
        missing = key_file if certificates.exists() else certificates
        raise ConfigError(
            f"{missing} is missing: bring it back, or remove its companion too to have a new authority made"
        )
    key, found = load_key(key_file), load_chain(certificates)
    for certificate in found:
        if certificate.public_key() == key.public_key():
            return Authority(_chain(certificate, found), key)
    raise ConfigError(f"{key_file} does not belong to {certificates}: bring back the pair that belongs together")


def _chain(certificate: x509.Certificate, found: list[x509.Certificate]) -> list[x509.Certificate]:
    chain = [certificate]
    while above := [each for each in found if each not in chain and is_issued_by(chain[-1], each)]:
        chain.append(above[0])
    return chain
