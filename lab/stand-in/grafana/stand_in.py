#!/usr/bin/env python3
"""NOT Grafana: a stand-in for tests, where no image of Grafana can be had.

It listens where Grafana's image does (``GF_SERVER_HTTP_PORT``, HTTPS by ``GF_SERVER_PROTOCOL``), answers
``/api/health``, keeps a SQLite database ``grafana.db`` in write-ahead mode, to which it writes all the time, and serves
from it the few requests of Grafana's HTTP API that backups and adopting a dashboard need. It reads no provisioning file,
draws nothing, and alarms on nothing.

``stand_in.py server`` serves. Called as ``grafana`` or ``curl``, it does what the appliance calls these commands for in Grafana's
image: ``grafana cli admin reset-admin-password --password-from-stdin``, ``curl -fsS ... URL``. Standard library only.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import os
import signal
import sqlite3
import ssl
import sys
import threading
import time
import uuid
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

VERSION = os.environ.get("STAND_IN_VERSION", "12.0.2")
"""What it says it is: backups of newer versions are refused."""
HAS_EXPORTS = int(VERSION.partition(".")[0]) >= 10
SILENCES_PATH = "/api/alertmanager/grafana/api/v2/silences"
SILENCE_PATH = "/api/alertmanager/grafana/api/v2/silence/"
DELIVERY = {
    "name": "email",
    "sendResolved": True,
    "lastNotifyAttempt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    "lastNotifyAttemptDuration": "12ms",
    "lastNotifyAttemptError": os.environ.get("STAND_IN_DELIVERY_FAULT", ""),
}
PAGE = "<!DOCTYPE html><title>Stand-in</title><h1>This is not Grafana</h1><p>A stand-in of livemon's tests.</p>"
SECONDS_BETWEEN_WRITES = 0.01
SCHEMA = """
CREATE TABLE IF NOT EXISTS writes (number INTEGER PRIMARY KEY, filling TEXT);
CREATE TABLE IF NOT EXISTS user (login TEXT PRIMARY KEY, password TEXT);
CREATE TABLE IF NOT EXISTS dashboard (uid TEXT PRIMARY KEY, model TEXT);
"""


def directory() -> Path:
    return Path(os.environ.get("GF_PATHS_DATA", "/var/lib/grafana"))


def value_or_file(name: str, default: str) -> str:
    path = os.environ.get(f"{name}__FILE")
    return Path(path).read_text(encoding="utf-8").strip() if path else os.environ.get(name, default)


def connect() -> sqlite3.Connection:
    database = sqlite3.connect(directory() / "grafana.db", timeout=30)
    database.execute("PRAGMA journal_mode = WAL")
    return database


def prepare() -> None:
    """Make the tables; as in Grafana, the password of the environment counts at the first start only."""
    with closing(connect()) as database, database:
        database.executescript(SCHEMA)
        password = value_or_file("GF_SECURITY_ADMIN_PASSWORD", "admin")
        database.execute("INSERT OR IGNORE INTO user VALUES ('admin', ?)", (password,))


def write_for_ever() -> None:
    with closing(connect()) as database:
        while True:
            with database:
                database.execute("INSERT INTO writes (filling) VALUES (?)", ("x" * 200,))
            time.sleep(SECONDS_BETWEEN_WRITES)


class RefusalError(Exception):
    """An answer with another status than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Silences:
    """Silences as Grafana before 11 has them: in memory, so that whoever kills it loses them."""

    def __init__(self) -> None:
        self._all: dict[str, dict] = {}

    def post(self, silence: dict) -> dict:
        if not silence.get("matchers") or {"startsAt", "endsAt", "createdBy", "comment"} - silence.keys():
            raise RefusalError(400, "invalid silence")
        made = str(uuid.uuid4())
        self._all[made] = silence | {"id": made, "status": {"state": "active"}}
        return {"silenceID": made}

    def end(self, wanted: str) -> dict:
        if wanted not in self._all:
            raise RefusalError(404, "silence not found")
        self._all[wanted]["status"] = {"state": "expired"}
        return {"message": "silence deleted"}

    def listed(self) -> list:
        return list(self._all.values())


SILENCES = Silences()


class Handler(BaseHTTPRequestHandler):
    """The requests, in the shapes that Grafana's HTTP API documents."""

    protocol_version = "HTTP/1.1"
    server_version = "livemon-stand-in"

    def do_GET(self) -> None:
        self.serve(None)

    def do_DELETE(self) -> None:
        self.serve(None)

    def do_POST(self) -> None:
        self.serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def serve(self, body: bytes | None) -> None:
        parts = urlsplit(self.path)
        try:
            with closing(connect()) as database, database:
                answer = self.answer(database, parts.path, parse_qs(parts.query), body)
        except RefusalError as refusal:
            self.send(refusal.status, json.dumps({"message": str(refusal)}))
        else:
            self.send(200, answer if isinstance(answer, str) else json.dumps(answer))

    def answer(self, database: sqlite3.Connection, path: str, query: dict, body: bytes | None) -> object:
        if path == "/api/health":
            database.execute("SELECT count(*) FROM user")
            return {"commit": "stand-in", "database": "ok", "version": VERSION}
        if not path.startswith("/api/"):
            return PAGE
        self.authorize(database)
        if path == "/api/user":
            return {"id": 1, "login": "admin", "isGrafanaAdmin": True}
        if path == "/api/dashboards/db" and body is not None:
            return self.save(database, json.loads(body)["dashboard"])
        if path.startswith("/api/dashboards/uid/"):
            return self.dashboard(database, unquote(path.removeprefix("/api/dashboards/uid/")))
        if path == "/api/search":
            return self.search(database, query)
        if path in ("/api/datasources", "/api/annotations"):
            return []
        if path == "/api/library-elements":
            return {"result": {"totalCount": 0, "page": 1, "perPage": 1000, "elements": []}}
        return self.alerting(path, body)

    def alerting(self, path: str, body: bytes | None) -> object:
        if path in ("/api/v1/provisioning/templates", "/api/v1/provisioning/mute-timings"):
            return []
        provisioned = [f"/api/v1/provisioning/{part}" for part in ("alert-rules", "contact-points", "policies")]
        if path in (f"{each}/export" for each in provisioned):
            if not HAS_EXPORTS:
                raise RefusalError(500 if "alert-rules" in path else 404, "no export in this release")
            return "apiVersion: 1\n"
        if path in provisioned:
            return {} if path.endswith("policies") else []
        if path.startswith(SILENCE_PATH) and self.command == "DELETE":
            return SILENCES.end(path.removeprefix(SILENCE_PATH))
        if path == SILENCES_PATH:
            return SILENCES.post(json.loads(body)) if body is not None else SILENCES.listed()
        if path == "/api/alertmanager/grafana/config/api/v1/receivers":
            return [{"name": "on-call", "active": True, "integrations": [DELIVERY]}]
        raise RefusalError(404, "Not found")

    def authorize(self, database: sqlite3.Connection) -> None:
        password = database.execute("SELECT password FROM user WHERE login = 'admin'").fetchone()[0]
        wanted = "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), wanted.encode()):
            raise RefusalError(401, "Invalid username or password")

    def save(self, database: sqlite3.Connection, model: dict) -> dict:
        earlier = database.execute("SELECT model FROM dashboard WHERE uid = ?", (model["uid"],)).fetchone()
        model["version"] = json.loads(earlier[0])["version"] + 1 if earlier else 1
        model["id"] = database.execute("SELECT count(*) + 1 FROM dashboard").fetchone()[0]
        database.execute("INSERT OR REPLACE INTO dashboard VALUES (?, ?)", (model["uid"], json.dumps(model)))
        return {"status": "success", "uid": model["uid"], "id": model["id"], "version": model["version"]}

    def dashboard(self, database: sqlite3.Connection, uid: str) -> dict:
        row = database.execute("SELECT model FROM dashboard WHERE uid = ?", (uid,)).fetchone()
        if row is None:
            raise RefusalError(404, "Dashboard not found")
        return {"dashboard": json.loads(row[0]), "meta": {"folderTitle": "General", "provisioned": False}}

    def search(self, database: sqlite3.Connection, query: dict) -> list:
        limit, page = int(query.get("limit", ["1000"])[0]), int(query.get("page", ["1"])[0])
        if query.get("type") != ["dash-db"]:
            return []
        rows = database.execute(
            "SELECT model FROM dashboard ORDER BY uid LIMIT ? OFFSET ?", (limit, limit * (page - 1))
        )
        models = [json.loads(model) for (model,) in rows]
        return [{"uid": model["uid"], "title": model["title"], "type": "dash-db"} for model in models]

    def send(self, status: int, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if text == PAGE else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Server(ThreadingHTTPServer):
    """Shakes hands in the thread of the request, so that one who only connects holds nobody up."""

    daemon_threads = True
    context: ssl.SSLContext | None = None

    def finish_request(self, request, client_address) -> None:
        if self.context is not None:
            request.settimeout(10)
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)
        if self.context is not None:
            # Closed without a word, the connection may be reset before the client has read the answer.
            with suppress(OSError):
                request.unwrap()
            self.shutdown_request(request)

    def handle_error(self, request, client_address) -> None:
        print(f"{client_address[0]}: {sys.exc_info()[1]}", file=sys.stderr)


def serve() -> None:
    prepare()
    threading.Thread(target=write_for_ever, daemon=True).start()
    address = os.environ.get("GF_SERVER_HTTP_ADDR", "0.0.0.0")
    server = Server((address, int(os.environ.get("GF_SERVER_HTTP_PORT", "3000"))), Handler)
    if os.environ.get("GF_SERVER_PROTOCOL") == "https":
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(os.environ["GF_SERVER_CERT_FILE"], os.environ["GF_SERVER_CERT_KEY"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"stand-in, not Grafana: listening on port {server.server_address[1]}", flush=True)
    server.serve_forever()


def reset_password() -> None:
    with closing(connect()) as database, database:
        database.execute("UPDATE user SET password = ? WHERE login = 'admin'", (sys.stdin.read().strip(),))
    print("Admin password changed successfully")


def ask(url: str, options: list[str]) -> None:
    """Ask this machine, whatever name the URL has; of curl's options only --cacert counts."""
    parts = urlsplit(url)
    client = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=5)
    client.connect()
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=options[options.index("--cacert") + 1])
        context.verify_flags |= (
            ssl.VERIFY_X509_PARTIAL_CHAIN
        )  # as curl does: a server's own certificate is trusted, too
        client.sock = context.wrap_socket(client.sock, server_hostname=parts.hostname)
    client.request("GET", parts.path, headers={"Host": parts.netloc})
    answer = client.getresponse()
    print(answer.read().decode())
    if answer.status >= 400:
        sys.exit(22)


def main(name: str, arguments: list[str]) -> None:
    if name == "curl":
        ask(arguments[-1], arguments)
    elif arguments[:1] == ["server"]:
        serve()
    elif arguments == ["cli", "admin", "reset-admin-password", "--password-from-stdin"]:
        reset_password()
    else:
        sys.exit(f"stand-in, not Grafana: it does not know {name} {' '.join(arguments)}")


if __name__ == "__main__":
    main(Path(sys.argv[0]).name, sys.argv[1:])
