"""The installation's certificate authority and the certificates that it signs, one for each server.

Made once, on the machine they serve, and renewed there by playbook and timer alike; what exists and still holds is left alone. A
directory has ``ca.crt`` (what clients trust), ``ca.key``, for each server ``<server>/server.{crt,key}``, and in ``public/`` the
certificates once more, without any key. What a lab brings itself lies in ``supplied/``. docs/certificates.md tells the rest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

from livemon.files import write_public
from livemon.installation import authority, servers
from livemon.installation.authority import OVERLAP
from livemon.installation.making import RENEW_BEFORE, SERVER_LIFETIME, load_chain
from livemon.installation.servers import Server

__all__ = ["OVERLAP", "RENEW_BEFORE", "SERVER_LIFETIME", "Server", "ensure", "first_end"]


def ensure(
    directory: Path,
    wanted: Iterable[Server],
    now: dt.datetime | None = None,
    *,
    new_keys: bool = False,
    new_authority: bool = False,
    forget: bool = False,
) -> Iterator[str]:
    """Make the authority and the servers' certificates below `directory` where they are missing or no longer hold.

    A server's certificate no longer holds when it ends within `RENEW_BEFORE`, when it was made for other names or another
    key, or when another authority signed it.

    Parameters
    ----------
    now
        UTC; the present by default.
    new_keys
        Replace all servers' keys and certificates.
    new_authority
        Replace the authority; the new one signs all servers. The former one stays trusted for `OVERLAP`.
    forget
        End that time now.

    Yields
    ------
    str
        One sentence for each thing made. Nothing where nothing had to be.

    Raises
    ------
    ConfigError
        If an address is malformed, if a certificate and a key do not belong together, or if an authority has ended.
    """
    now = now or dt.datetime.now(dt.UTC)
    wanted = list(wanted)
    for server in wanted:
        server.check()
    directory.mkdir(parents=True, exist_ok=True)
    signer = yield from authority.ensure(directory, now, new=new_authority)
    for server in wanted:
        yield from servers.ensure(directory, server, signer, now, anew=new_keys)
    yield from authority.end_overlap(directory, signer, now, forget=forget)
    _publish(directory, wanted)


def first_end(directory: Path) -> dt.datetime:
    """Return when the first of the certificates ends."""
    return min(each.not_valid_after_utc for file in (directory / "public").glob("*.crt") for each in load_chain(file))


def _publish(directory: Path, wanted: list[Server]) -> None:
    """Copy the certificates to where those may look who may not enter where keys are."""
    public = directory / "public"
    public.mkdir(mode=0o755, exist_ok=True)
    certificates = {f"{server.directory}.crt": directory / server.directory / "server.crt" for server in wanted}
    certificates["ca.crt"] = directory / "ca.crt"
    for name, source in certificates.items():
        content, target = source.read_bytes(), public / name
        if not target.exists() or target.read_bytes() != content:
            write_public(target, content)
    for file in public.glob("*.crt"):
        if file.name not in certificates:
            file.unlink()
