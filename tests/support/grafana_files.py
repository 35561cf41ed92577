"""The files below /etc/livemon/grafana as the role writes them: what Grafana or its stand-in provisions itself from."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from paths import ROOT

from plugins.plugin_utils.inventory.grafana import alerting
from plugins.plugin_utils.inventory.grafana.dashboards import render
from plugins.plugin_utils.inventory.grafana.releases import NEWEST

PLACES = {"/var/lib/livemon-dashboards": "dashboards", "/var/lib/livemon-lab": "lab"}
"""Where Grafana's container sees the dashboards, and what that is below /etc/livemon/grafana."""
BRIDGE = "http://sisock-grafana-http:5000"


def write(
    directory: Path,
    inventory: Mapping[str, Any],
    *,
    bridge: str = BRIDGE,
    inside: bool = False,
    release: tuple[int, int] = NEWEST,
) -> None:
    """Write all files for a release of Grafana; `inside`: in its container, else as a process of this machine.

    What an earlier call wrote counts as an earlier run of the playbook.
    """
    config = directory / "config"
    for place in (*(config / kind for kind in ("datasources", "dashboards", "plugins", "alerting")), directory / "lab"):
        place.mkdir(parents=True, exist_ok=True)
    for kind in ("datasources", "dashboards"):
        text = (ROOT / f"roles/grafana/templates/{kind}.yml.j2").read_text().replace(BRIDGE, bridge)
        for path, here in {} if inside else PLACES.items():
            text = text.replace(path, str(directory / here))
        (config / kind / "livemon.yml").write_text(text)
    rules = config / "alerting/livemon.yml"
    rules.write_text(
        alerting.text_after(alerting.document(inventory, release), rules.read_text() if rules.exists() else "")
    )
    put_dashboards(directory / "dashboards", inventory)


def put_dashboards(directory: Path, inventory: Mapping[str, Any]) -> None:
    """Write the dashboards, and remove those that the inventory has no more."""
    directory.mkdir(exist_ok=True)
    lists = [inventory.get(key) or [] for key in ("instruments", "ocs_agents", "data_nodes")]
    models = render.dashboards(*lists)
    for path in directory.iterdir():
        if path.stem not in models:
            path.unlink()
    for name, model in models.items():
        (directory / f"{name}.json").write_text(json.dumps(model))


class _Bridge(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def bridge() -> Iterator[str]:
    """Answer what the data source is asked, with no series, as long as the block lasts; gives the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Bridge) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
