"""The stacks that answer panels: ours, and the old one. Each with a data node for every window, full to the brim."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from appliance import Appliance
from router import Router
from waiting import wait_for

from bench import sessions
from bench.data import CHANNELS, WINDOWS, history
from bench.panels import Client, newest, request
from bench.timing import say


def slug(window: str) -> str:
    """Return a window's name as part of a name on the router."""
    return window.replace(" ", "")


class System(AbstractContextManager):
    """A running stack: router, hub, data nodes and bridge. Subclasses start it.

    Attributes
    ----------
    name
        Of the stack, in the report.
    windows
        Names of the windows for which it has a node.
    address
        Where its bridge answers HTTP.
    router
        Its router.
    """

    name: str
    windows: list[str]
    address: tuple[str, int]
    router: Router

    def __init__(self) -> None:
        self.open = ExitStack()
        self.publisher: Any = None

    def __exit__(self, *error: object) -> None:
        self.open.close()

    def pid(self, window: str) -> int:
        """Return the process of a window's node."""
        raise NotImplementedError

    def node(self, window: str) -> str:
        """Return the name of a window's node."""
        return f"BENCH{slug(window).upper()}"

    def agent(self, window: str) -> str:
        """Return the OCS agent whose feed the node follows."""
        return f"bench-{slug(window)}"

    def targets(self, window: str, channels: int) -> list[str]:
        """Return the metrics of a node's last channels."""
        return [f"{self.node(window)}::{name}" for name in CHANNELS[-channels:]]

    def client(self) -> Client:
        """Return a connection to the bridge, closed with the system."""
        made = Client(self.address)
        self.open.callback(made.close)
        return made

    def fill(self) -> None:
        """Publish the past of every window, and wait until the bridge shows its end."""
        self.publisher = sessions.join(self.router.ocs_url)
        self.open.callback(sessions.leave, self.publisher)
        for window in self.windows:
            say(f"{self.name}: filling {window} of 16 channels at 1 Hz")
            self.publish_all(window, history(WINDOWS[window], time.time()))

    def publish_all(self, window: str, batches: Iterable[Any], seconds: float = 120.0) -> None:
        """Publish samples, and wait until the last of them is visible in the last channel."""
        last = None
        for times in batches:
            sessions.publish(self.publisher, self.agent(window), times)
            last = float(times[-1])
        client = self.client()
        target = self.targets(window, 1)

        def visible() -> bool:
            client.ask("POST", "/search", b'{"target": ""}')  # the old bridge looks for new fields only then
            status, content = client.ask("POST", "/query", request(target, last - 10, last + 10))
            return status == 200 and newest(content, target[0]) >= last

        wait_for(visible, f"the end of {window} to be visible in {self.name}'s bridge", seconds, 0.5)


class Livemon(System):
    """Ours: all nodes in one process."""

    name = "livemon"

    def __init__(self, directory: Path, windows: list[str], entries: list[dict] | None = None) -> None:
        super().__init__()
        self.directory = directory
        self.windows = windows
        self.entries = entries or [
            {
                "kind": "feed",
                "name": self.node(window),
                "target": self.agent(window),
                "window": WINDOWS.get(window, 3600),
            }
            for window in [*windows, "load"]
        ]

    def __enter__(self) -> Livemon:
        say("livemon: starting router, hub, nodes and bridge")
        self.directory.mkdir()
        self.router = Router(self.directory)
        self.open.callback(self.router.stop)
        self.router.start()
        self.appliance = self.open.enter_context(Appliance(self.directory, self.router))
        self.appliance.write_nodes(*self.entries)
        self.appliance.start()
        self.address = ("127.0.0.1", self.appliance.port)
        names = {entry["name"] for entry in self.entries}
        wait_for(
            lambda: names <= {node["name"] for node in self.status().get("nodes", ())},
            f"{len(names)} data nodes in the bridge",
            60,
        )
        return self

    def status(self) -> dict[str, Any]:
        """Return what the bridge says of its nodes; nothing while it does not answer."""
        status, content = self.appliance.get("/api/status")
        return content if status == 200 else {}

    def pid(self, window: str = "") -> int:
        """Return the process of all nodes."""
        del window
        return self.appliance.children["nodes"].pid

    def consumer(self) -> Any:
        """Return a session of somebody else's consumer: TLS and WAMP-CRA."""
        secret = (self.router.directory / "secrets/client/client").read_text().strip()
        session = sessions.join(self.router.url, self.router.directory / "pki/ca.crt", "client", secret)
        self.open.callback(sessions.leave, session)
        return session
