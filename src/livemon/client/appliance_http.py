"""HTTP to the appliance itself."""

from __future__ import annotations

import requests


def session() -> requests.Session:
    """Return a session that takes no proxy from the environment.

    Docker hands a lab's proxy to every container, and a proxy knows another 127.0.0.1.
    """
    made = requests.Session()
    made.trust_env = False
    return made
