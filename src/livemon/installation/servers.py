"""A server's certificate: signed here, or brought by the lab."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from livemon.errors import ConfigError
from livemon.files import write_private, write_public
from livemon.installation.authority import Authority
from livemon.installation.making import (
    RENEW_BEFORE,
    is_issued_by,
    key_pem,
    load_chain,
    load_key,
    new_key,
    pem,
    sign_server,
    until,
)


@dataclass(frozen=True)
class Server:
    """Whose certificate it is, and what clients call it."""

    directory: str = "server"
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    owner: int | None = None
    """The uid that may read the key; `None` leaves it to the caller's own."""
    supplied: bool = False
    """Whether the lab brings certificate and key, ``supplied/<directory>.{crt,key}``."""

    def check(self) -> None:
        """Raise a ConfigError if an address is malformed."""
        subject_alternative_names(self.names, self.addresses)


FIELDS = {"names": tuple, "addresses": tuple, "owner": int}
"""What JSON or ansible-core 2.16, which writes numbers out of variables as texts, has otherwise."""


def read(path: Path) -> list[Server]:
    """Return the servers of a file, ``{"servers": [{"directory": ...}, ...]}``.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    try:
        return [
            Server(**entry | {key: as_it_is(entry[key]) for key, as_it_is in FIELDS.items() if key in entry})
            for entry in json.loads(path.read_text())["servers"]
        ]
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise ConfigError(
            f"{path} is not a list of servers ({error}); playbooks/site.yml --tags certificates writes it"
        ) from error


def subject_alternative_names(names: Iterable[str], addresses: Iterable[str]) -> list[x509.GeneralName]:
    """DNS names and IP addresses as they stand in a certificate, without repeats, in the order given.

    Raises
    ------
    ConfigError
        If an address is not a valid IP address.
    """
    try:
        ip_addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    except ValueError as error:
        raise ConfigError(f"{error}; write addresses as 192.0.2.7 or 2001:db8::7, and names among the names") from error
    return list(dict.fromkeys([*map(x509.DNSName, names), *ip_addresses]))


def ensure(
    directory: Path, server: Server, signer: Authority, now: dt.datetime, *, anew: bool = False
) -> Iterator[str]:
    """Make a server's certificate where it is missing or no longer holds; yields what was made."""
    place = directory / server.directory
    certificate, key = place / "server.crt", place / "server.key"
    place.mkdir(mode=0o755, exist_ok=True)
    if server.supplied:
        brought, brought_key = (directory / "supplied" / f"{server.directory}.{part}" for part in ("crt", "key"))
        chain = load_chain(brought)
        if load_key(brought_key).public_key() != chain[0].public_key():
            raise ConfigError(f"{brought_key} does not belong to {brought}: bring the pair that belongs together")
        if [_content(certificate), _content(key)] != [brought.read_bytes(), brought_key.read_bytes()]:
            write_private(key, brought_key.read_bytes(), server.owner)
            write_public(certificate, brought.read_bytes())
            yield f"took over the lab's server certificate {certificate}, {until(chain[0])}"
        return
    alternatives = subject_alternative_names(server.names, server.addresses)
    reason = (
        "that was wanted"
        if anew and certificate.exists()
        else _reason_to_sign(certificate, key, signer, alternatives, now)
    )
    if reason:
        fresh = new_key()
        signed = sign_server(signer.certificate, signer.key, fresh, alternatives, now)
        write_private(key, key_pem(fresh), server.owner)
        write_public(certificate, pem([signed, *signer.below_the_root]))
        yield f"made the server certificate {certificate} ({reason}), {until(signed)}"


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _reason_to_sign(
    certificate_path: Path,
    key_path: Path,
    signer: Authority,
    alternatives: list[x509.GeneralName],
    now: dt.datetime,
) -> str | None:
    if not certificate_path.exists() or not key_path.exists():
        return "it did not exist"
    certificate = load_chain(certificate_path)[0]
    if not is_issued_by(certificate, signer.certificate):
        return "another authority had signed it"
    if load_key(key_path).public_key() != certificate.public_key():
        return "it was made for another key"  # a run that was ended between the two files
    present = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if set(present) != set(alternatives):
        return "its names had changed"
    end = certificate.not_valid_after_utc
    # One that ends with its authority would only be made like that again.
    if end - now < RENEW_BEFORE and end < signer.certificate.not_valid_after_utc:
        return "it was about to end"
    return None
