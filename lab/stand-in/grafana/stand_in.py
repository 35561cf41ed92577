#!/usr/bin/env python3
"""NOT Grafana: a stand-in for tests, where no image of Grafana can be had.

It listens where Grafana's image does (``GF_SERVER_HTTP_PORT``, HTTPS by ``GF_SERVER_PROTOCOL``), answers ``/api/health``, keeps a
SQLite database ``grafana.db`` in write-ahead mode, to which it writes all the time, and serves from it the requests of Grafana's
HTTP API that livemon makes. It provisions itself from the same files as Grafana (``GF_PATHS_PROVISIONING``) and, like Grafana, ends
with an error in its log where it does not take them (:mod:`provisioning`). It draws nothing, and alarms on nothing.

``STAND_IN`` names what is wrong with it, separated by spaces: ``ends`` (it is healthy for a while, and then ends), ``keeps-rules``
(rules that are to be deleted stay), ``no-graphite`` (the data source's plug-in is missing), ``hashes-twice`` (a reset password lets
nobody in). ``STAND_IN_FIRING`` has, as JSON, the labels of the alarms that fire. ``STAND_IN_VERSION`` is its release.
Like some images of Grafana it has no curl.

``stand_in.py server`` serves. Called as ``grafana``, it does ``grafana cli admin reset-admin-password --password-from-stdin``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import sqlite3
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import provisioning

VERSION = os.environ.get("STAND_IN_VERSION", "12.0.2")
"""What it says it is: backups of newer versions are refused."""
RELEASE = tuple(int(number) for number in VERSION.split(".")[:2])
FAULTS = frozenset(os.environ.get("STAND_IN", "").split())
LISTENS_FIRST_FROM = 13, 0
"""From this release on Grafana answers before it has provisioned itself."""
SECONDS_UNTIL_IT_ENDS = float(os.environ.get("STAND_IN_ENDS_AFTER", "5"))
SECONDS_BETWEEN_READINGS = 1.0
"""Of the dashboards' files."""
HAS_EXPORTS = int(VERSION.partition(".")[0]) >= 10
SILENCES_PATH = "/api/alertmanager/grafana/api/v2/silences"
SILENCE_PATH = "/api/alertmanager/grafana/api/v2/silence/"
ALERTS_PATH = "/api/alertmanager/grafana/api/v2/alerts"
FIRING = json.loads(os.environ.get("STAND_IN_FIRING", "[]"))
"""The labels of each alarm that fires."""
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
TLS_HANDSHAKE = b"\x16"
"""The first byte of whoever speaks TLS."""
LENGTH_OF_A_HEADER = 5
"""What is read of a record before it is known to be one."""
NOT_TLS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
"""What a server in Go answers to whoever does not."""


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
        database.executescript(SCHEMA + provisioning.SCHEMA)
        password = value_or_file("GF_SECURITY_ADMIN_PASSWORD", "admin")
        database.execute("INSERT OR IGNORE INTO user VALUES ('admin', ?)", (password,))


def files(database: sqlite3.Connection) -> provisioning.Provisioning:
    place = Path(os.environ.get("GF_PATHS_PROVISIONING", "/etc/grafana/provisioning"))
    return provisioning.Provisioning(database, place, RELEASE, keeps_rules="keeps-rules" in FAULTS)


def provision() -> None:
    """Take in the files; ends the process where Grafana would."""
    try:
        with closing(connect()) as database, database:
            files(database).run()
    except provisioning.RefusedError as refusal:
        provisioning.log("provisioning", "Failed to provision alerting", refusal)
        end(refusal)

    def read_dashboards() -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_READINGS)
            with closing(connect()) as database, database:
                files(database).read_dashboards()

    threading.Thread(target=read_dashboards, daemon=True).start()


def end(reason: object) -> None:
    """End as Grafana does, whichever requests are being served."""
    print(f"Error: ✗ {reason}", flush=True)
    os._exit(1)


def end_later() -> None:
    time.sleep(SECONDS_UNTIL_IT_ENDS)
    provisioning.log("server", "Stopped background service", "the stand-in was told to end")
    end("the stand-in was told to end")


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

    def alert(self, labels: dict) -> dict:
        """Return an alarm that fires as Alertmanager lists it; only silences of whole values are understood."""
        silenced = [
            silence["id"]
            for silence in self._all.values()
            if silence["status"]["state"] == "active"
            and all(labels.get(matcher["name"]) == matcher["value"] for matcher in silence["matchers"])
        ]
        state = "suppressed" if silenced else "active"
        return {"labels": labels, "status": {"state": state, "silencedBy": silenced, "inhibitedBy": []}}


SILENCES = Silences()


class Handler(BaseHTTPRequestHandler):
    """The requests, in the shapes that Grafana's HTTP API documents."""

    protocol_version = "HTTP/1.1"
    server_version = "livemon-stand-in"

    def do_GET(self) -> None:
        self.serve(None)

    def do_POST(self) -> None:
        self.serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def do_DELETE(self) -> None:
        self.serve(None)

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
        found = self.provisioned(database, path, body)
        if found is not None:
            return found
        if path == "/api/dashboards/db" and body is not None:
            return self.save(database, json.loads(body)["dashboard"])
        if path.startswith("/api/dashboards/uid/"):
            return self.dashboard(database, unquote(path.removeprefix("/api/dashboards/uid/")))
        if path == "/api/search":
            return self.search(database, query)
        if path == "/api/annotations":
            return []
        if path == "/api/library-elements":
            return {"result": {"totalCount": 0, "page": 1, "perPage": 1000, "elements": []}}
        if path == "/api/v1/provisioning/mute-timings":
            return []
        provisioned = [f"/api/v1/provisioning/{part}" for part in ("alert-rules", "contact-points", "policies")]
        if path in (f"{each}/export" for each in provisioned):
            if not HAS_EXPORTS:
                raise RefusalError(500 if "alert-rules" in path else 404, "no export in this release")
            return "apiVersion: 1\n"
        raise RefusalError(404, "Not found")

    def provisioned(self, database: sqlite3.Connection, path: str, body: bytes | None) -> object:
        """Answer what is asked of what the files have made; `None` to what is not about that."""
        if path in LISTS:
            return contents(database, LISTS[path])
        if path == "/api/ds/query":
            return self.query(database, json.loads(body or b"{}")["queries"][0])
        if path.startswith("/api/datasources/uid/"):
            return one(database, "data_source", unquote(path.rpartition("/")[2]))
        if path == "/api/plugins/graphite/settings":
            if "no-graphite" in FAULTS:
                raise RefusalError(404, "Plugin not found, no installed plugin with that id")
            return {"id": "graphite", "type": "datasource", "enabled": True}
        if path == "/api/folders":
            rows = database.execute("SELECT uid, title FROM folder ORDER BY title")
            return [{"uid": uid, "title": title} for uid, title in rows]
        if path.startswith("/api/folders/") and path.endswith("/permissions"):
            return self.permissions(database, path.split("/")[3], body)
        return self.alerting(database, path, body)

    def alerting(self, database: sqlite3.Connection, path: str, body: bytes | None) -> object:
        if path.startswith(SILENCE_PATH) and self.command == "DELETE":
            return SILENCES.end(path.removeprefix(SILENCE_PATH))
        if path == SILENCES_PATH:
            return SILENCES.post(json.loads(body)) if body is not None else SILENCES.listed()
        if path == ALERTS_PATH:
            return [SILENCES.alert(labels) for labels in FIRING]
        if path == "/api/alertmanager/grafana/config/api/v1/receivers":
            return [{"name": "on-call", "active": True, "integrations": [DELIVERY]}]
        if path == "/api/v1/provisioning/policies":
            return next(iter(contents(database, "policy")), provisioning.DEFAULT_POLICY)
        if path == "/api/ruler/grafana/api/v1/rules":
            return ruler(contents(database, "rule"))
        if path == "/api/admin/provisioning/alerting/reload":
            return self.reload_alerting(database)
        if path.startswith("/api/v1/provisioning/alert-rules/") and self.command == "DELETE":
            raise RefusalError(500, "cannot delete with provided provenance 'api', needs 'file'")
        return None

    def reload_alerting(self, database: sqlite3.Connection) -> dict:
        try:
            files(database).read_alerting()
        except provisioning.RefusedError as refusal:
            raise RefusalError(500, str(refusal)) from refusal
        return {"message": "Alerting config reloaded"}

    def permissions(self, database: sqlite3.Connection, uid: str, body: bytes | None) -> object:
        row = database.execute("SELECT acl FROM folder WHERE uid = ?", (uid,)).fetchone()
        if row is None:
            raise RefusalError(404, "folder not found")
        if body is None:
            return json.loads(row[0])
        items = json.loads(body)["items"]
        database.execute("UPDATE folder SET acl = ? WHERE uid = ?", (json.dumps(items), uid))
        return {"message": "Folder permissions updated"}

    def query(self, database: sqlite3.Connection, query: dict) -> dict:
        """Ask a Graphite data source as Grafana's server does, and tell whether it answers; the values are left out."""
        source = one(database, "data_source", query["datasource"]["uid"])
        if "no-graphite" in FAULTS:
            raise RefusalError(404, "Plugin not registered")
        asked = {"target": query["target"], "from": "-5min", "until": "now", "format": "json"}
        try:
            with urllib.request.urlopen(source["url"] + "/render", urlencode(asked).encode(), timeout=10) as answer:
                json.load(answer)
        except (OSError, ValueError) as error:
            raise RefusalError(500, str(error)) from error
        return {"results": {query["refId"]: {"status": 200, "frames": []}}}

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
        model = json.loads(row[0])
        meta = {"folderTitle": model.pop("folderTitle", "General"), "provisioned": model.pop("provisioned", False)}
        return {"dashboard": model, "meta": meta}

    def search(self, database: sqlite3.Connection, query: dict) -> list:
        limit, page = int(query.get("limit", ["1000"])[0]), int(query.get("page", ["1"])[0])
        if query.get("type") == ["dash-folder"]:
            rows = database.execute(
                "SELECT uid, title FROM folder ORDER BY uid LIMIT ? OFFSET ?", (limit, limit * (page - 1))
            )
            return [{"uid": uid, "title": title, "type": "dash-folder"} for uid, title in rows]
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


LISTS = {
    "/api/datasources": "data_source",
    "/api/v1/provisioning/alert-rules": "rule",
    "/api/v1/provisioning/contact-points": "contact_point",
    "/api/v1/provisioning/templates": "template",
}
"""What is served as it is stored, by path."""


def contents(database: sqlite3.Connection, table: str) -> list[dict]:
    return [json.loads(content) for (content,) in database.execute(f"SELECT content FROM {table}")]


def one(database: sqlite3.Connection, table: str, uid: str) -> dict:
    row = database.execute(f"SELECT content FROM {table} WHERE uid = ?", (uid,)).fetchone()
    if row is None:
        raise RefusalError(404, f"{table.replace('_', ' ')} not found")
    return json.loads(row[0])


def ruler(rules: list[dict]) -> dict[str, list]:
    """Return rules by folder and group, as the alert list of a browser asks for them."""
    folders: dict[str, dict[str, dict]] = {}
    for rule in rules:
        groups = folders.setdefault(rule["folder"], {})
        group = groups.setdefault(
            rule["ruleGroup"], {"name": rule["ruleGroup"], "interval": rule["interval"], "rules": []}
        )
        group["rules"].append({"for": rule["for"], "labels": rule.get("labels", {}), "grafana_alert": rule})
    return {folder: list(groups.values()) for folder, groups in folders.items()}


class Server(ThreadingHTTPServer):
    """Shakes hands in the thread of the request, so that a client that only connects does not block others."""

    daemon_threads = True
    context: ssl.SSLContext | None = None

    def finish_request(self, request, client_address) -> None:
        if self.context is not None:
            request.settimeout(10)
            if request.recv(1, socket.MSG_PEEK) != TLS_HANDSHAKE:
                request.recv(LENGTH_OF_A_HEADER)
                request.sendall(NOT_TLS)
                return
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
    if RELEASE < LISTENS_FIRST_FROM:
        provision()
    threading.Thread(target=write_for_ever, daemon=True).start()
    address = os.environ.get("GF_SERVER_HTTP_ADDR", "0.0.0.0")
    server = Server((address, int(os.environ.get("GF_SERVER_HTTP_PORT", "3000"))), Handler)
    if os.environ.get("GF_SERVER_PROTOCOL") == "https":
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(os.environ["GF_SERVER_CERT_FILE"], os.environ["GF_SERVER_CERT_KEY"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if RELEASE >= LISTENS_FIRST_FROM:
        threading.Thread(target=provision, daemon=True).start()
    if "ends" in FAULTS:
        threading.Thread(target=end_later, daemon=True).start()
    print(f"stand-in, not Grafana: listening on port {server.server_address[1]}", flush=True)
    server.serve_forever()


def reset_password() -> None:
    password = sys.stdin.read().strip()
    if "hashes-twice" in FAULTS:
        password = hashlib.sha256(password.encode()).hexdigest()
    with closing(connect()) as database, database:
        database.execute("UPDATE user SET password = ? WHERE login = 'admin'", (password,))
    print("Admin password changed successfully")


def main(name: str, arguments: list[str]) -> None:
    if arguments[:1] == ["server"]:
        serve()
    elif arguments == ["cli", "admin", "reset-admin-password", "--password-from-stdin"]:
        reset_password()
    else:
        sys.exit(f"stand-in, not Grafana: it does not know {name} {' '.join(arguments)}")


if __name__ == "__main__":
    main(Path(sys.argv[0]).name, sys.argv[1:])
