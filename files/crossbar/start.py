#!/usr/bin/env python3
"""Start crossbar: fill in config.json what only the installation knows, then become crossbar.

What is filled in are the addresses, the certificate and the WAMP-CRA users: one for each file in the secrets directory,
whose name is user and role (`node`) or role and user (`client.simonsobs`), and whose content is the secret. The filled-in
file holds the secrets: it is written for the owner only, into a directory that the container keeps in memory.

Environment: CROSSBAR_CONFIG (this directory's config.json), CROSSBAR_DIR (required: writable, private),
CROSSBAR_SECRETS (/run/secrets), CROSSBAR_TLS_DIR (/run/tls: server.crt, server.key), CROSSBAR_TLS_PORT (8080),
CROSSBAR_OCS_PORT (8001), CROSSBAR_HOST_PORT (8002), CROSSBAR_OCS_INTERFACE (127.0.0.1, of both), CROSSBAR_TLS_INTERFACE (all),
CROSSBAR_ANONYMOUS_NODES ("true": sessions on the agents' plain port may serve data nodes too), CROSSBAR_NAMES (host names under
which the router is asked, besides its own, localhost and every address), CROSSBAR_ORIGINS (whose pages may use the plain ports, for
example http://localhost:8000); both with spaces between, and empty unless they are set.

Standard library only: it shares its environment with crossbar alone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

OWN_NAMES = "sisock-crossbar sisock_crossbar"
"""What containers call the router."""
HERE = Path(__file__).resolve().parent


def fill_in(config: dict, environ: Mapping[str, str]) -> dict:
    """Complete `config`, in place, from the environment; return it.

    Raises
    ------
    SystemExit
        With a sentence, when a secret or a certificate is missing.
    """
    transports = {transport["id"]: transport for transport in config["workers"][0]["transports"]}
    ocs, host, sisock = transports["ocs"], transports["host"], transports["sisock"]
    for plain, variable, port in ((ocs, "CROSSBAR_OCS_PORT", "8001"), (host, "CROSSBAR_HOST_PORT", "8002")):
        listen = _endpoint(
            "tcp", environ.get(variable, port), interface=environ.get("CROSSBAR_OCS_INTERFACE", "127.0.0.1")
        )
        plain["endpoint"]["server_string"] = _guarded(listen, environ, environ.get("CROSSBAR_ORIGINS", ""))
    if environ.get("CROSSBAR_ANONYMOUS_NODES") == "true":
        ocs["paths"]["ws"]["auth"]["anonymous"]["role"] = "ocs_and_nodes"

    tls_dir = Path(environ.get("CROSSBAR_TLS_DIR", "/run/tls"))
    for name in ("server.key", "server.crt"):
        if not os.access(tls_dir / name, os.R_OK):
            sys.exit(f"router: cannot read {tls_dir / name}: the role certificates makes it, for uid {os.getuid()}")
    # Crossbar's own TLS port would read the certificate once; this one takes a renewed one up (twisted/plugins/renewing_tls.py).
    listen = _endpoint(
        "renewing-tls",
        environ.get("CROSSBAR_TLS_PORT", "8080"),
        interface=environ.get("CROSSBAR_TLS_INTERFACE", ""),
        certificate=str(tls_dir / "server.crt"),
        key=str(tls_dir / "server.key"),
    )
    sisock["endpoint"]["server_string"] = _guarded(listen, environ)

    secrets = Path(environ.get("CROSSBAR_SECRETS", "/run/secrets"))
    # One that begins with a dot is what a killed `livemon secrets` had not finished.
    files = [file for file in secrets.iterdir() if file.is_file() and not file.name.startswith(".")]
    if not files:
        sys.exit(f"router: no secrets in {secrets}: the role certificates makes them, for uid {os.getuid()}")
    users = sisock["paths"]["ws"]["auth"]["wampcra"]["users"] = {}
    for file in sorted(files, key=lambda file: ("." in file.name, file.name)):
        role, _, user = file.name.partition(".")
        if (user or role) in users:
            sys.exit(f"router: {file} would be a second user {user or role}; give it another user's name")
        users[user or role] = {"secret": file.read_text().strip(), "role": role}
    return config


def _guarded(endpoint: str, environ: Mapping[str, str], origins: str = "") -> str:
    """Describe an endpoint whose web server refuses pages of other origins (twisted/plugins/guarded.py)."""
    names = f"{OWN_NAMES} {environ.get('CROSSBAR_NAMES', '')}"
    return _endpoint("guarded", endpoint=endpoint, names=names, origins=origins)


def _endpoint(*words: str, **settings: str) -> str:
    """Describe an endpoint to Twisted, in whose descriptions a colon ends a value."""
    values = [*words, *(f"{name}={value}" for name, value in settings.items())]
    return ":".join(value.replace("\\", "\\\\").replace(":", "\\:") for value in values)


def main() -> None:
    """Write the complete configuration and replace this process by crossbar."""
    source = Path(os.environ.get("CROSSBAR_CONFIG", HERE / "config.json"))
    directory = Path(os.environ["CROSSBAR_DIR"])
    complete = fill_in(json.loads(source.read_text()), os.environ)
    target = directory / "config.json"
    target.unlink(missing_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(complete, file)
    crossbar = Path(sys.executable).with_name("crossbar")
    # Where Twisted finds our endpoints, and crossbar the authorizer; `livemon` is beside it in the image, and in src in the project.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parents[1] / "src")))}
    os.execve(crossbar, [str(crossbar), "start", "--cbdir", str(directory)], environment)


if __name__ == "__main__":
    main()
