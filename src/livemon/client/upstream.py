"""Upstream's ``ocs-client-cli`` with the right to control: ``python -m livemon.client.upstream``.

Its clients would call without a password, which it has no option for; here they have that of ``LIVEMON_CONTROL_SECRET_FILE``, if that
is set.
"""

from __future__ import annotations

import functools
import sys

# autobahn imports it for a serializer that is not used here, and its build for numpy 1 prints a long traceback.
sys.modules.setdefault("bjdata", None)  # type: ignore[arg-type]  # how Python is told that a module is missing

from ocs import client_cli, ocs_client  # noqa: E402

from livemon.config import secret, setting  # noqa: E402
from livemon.errors import ConfigError  # noqa: E402


def main() -> None:
    """Run upstream's command."""
    sys.argv[0] = "ocs-client-cli"
    try:
        password = setting("LIVEMON_CONTROL_SECRET_FILE", secret, None)
    except ConfigError as error:
        sys.exit(f"ocs-client-cli: {error}")
    client_cli.OCSClient = functools.partial(ocs_client.OCSClient, privs=password)
    client_cli.main()


if __name__ == "__main__":
    main()
