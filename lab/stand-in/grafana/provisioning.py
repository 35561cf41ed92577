"""What the stand-in makes of the files from which Grafana provisions itself, and what it refuses of them, as Grafana does.

Only refusals that were seen on Grafana 9.4 or read in its releases (docs/testing.md); Grafana may refuse more.
"""

from __future__ import annotations

import json
import re
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import yaml

SCHEMA = """
CREATE TABLE IF NOT EXISTS data_source (uid TEXT PRIMARY KEY, content TEXT);
CREATE TABLE IF NOT EXISTS folder (title TEXT PRIMARY KEY, uid TEXT, acl TEXT);
CREATE TABLE IF NOT EXISTS rule (uid TEXT PRIMARY KEY, folder TEXT, title TEXT, content TEXT, UNIQUE (folder, title));
CREATE TABLE IF NOT EXISTS contact_point (uid TEXT PRIMARY KEY, content TEXT);
CREATE TABLE IF NOT EXISTS template (name TEXT PRIMARY KEY, content TEXT);
CREATE TABLE IF NOT EXISTS policy (number INTEGER PRIMARY KEY, content TEXT);
"""
BASE_INTERVAL = 10
"""Seconds; groups are evaluated at multiples of it."""
DURATION = re.compile(r"(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?\Z|0\Z")
DEFAULT_ACL = [{"role": "Viewer", "permission": 1}, {"role": "Editor", "permission": 2}]
DEFAULT_POLICY = {"receiver": "grafana-default-email"}
LONGEST_UID = 40
KEEPS_LAST_FROM = 11, 0


class RefusedError(Exception):
    """What Grafana would not start with."""


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def documents(directory: Path) -> Iterator[dict]:
    for path in sorted([*directory.glob("*.yml"), *directory.glob("*.yaml")]):
        yield yaml.safe_load(path.read_text(encoding="utf-8")) or {}


class Provisioning:
    """One run over the directory of provisioning files, into a database that may hold what a former run made.

    `release` is the version's first two numbers. `keeps_rules`: what is to be deleted stays.
    """

    def __init__(
        self, database: sqlite3.Connection, directory: Path, release: tuple[int, ...], *, keeps_rules: bool = False
    ) -> None:
        self.database = database
        self.directory = directory
        self.release = release
        self.keeps_rules = keeps_rules

    def run(self) -> None:
        """Take everything in; raises :exc:`RefusedError` where Grafana would end."""
        for document in documents(self.directory / "datasources"):
            for source in document.get("datasources") or []:
                self._put("data_source", source["uid"], source)
        self.read_alerting()
        self.read_dashboards()

    def read_alerting(self) -> None:
        """Read the alarms and who is notified of them; raises :exc:`RefusedError`."""
        files = list(documents(self.directory / "alerting"))
        for stage in ("rules", "contact points", "text templates", "notification policies"):
            try:
                for file in files:
                    getattr(self, "_" + stage.replace(" ", "_"))(file)
            except RefusedError as refusal:
                raise RefusedError(f"{'alert ' if stage == 'rules' else ''}{stage}: {refusal}") from None

    def read_dashboards(self) -> None:
        """Take in the dashboards as they are now, as Grafana does every few seconds; a file that cannot be read is left out."""
        for document in documents(self.directory / "dashboards"):
            for provider in document.get("providers") or []:
                self._dashboards(provider["folder"], Path(provider["options"]["path"]))

    def _rules(self, file: dict) -> None:
        for group in file.get("groups") or []:
            folder = self._folder(group["folder"])
            if seconds(group["interval"]) % BASE_INTERVAL or not seconds(group["interval"]):
                raise RefusedError(f"the interval {group['interval']} is not a multiple of {BASE_INTERVAL} s")
            for rule in group["rules"]:
                check_rule(rule, self.release)
                self._rule(rule, folder, group)
        for gone in file.get("deleteRules") or []:
            if not self.keeps_rules:
                self.database.execute("DELETE FROM rule WHERE uid = ?", (gone["uid"],))

    def _rule(self, rule: dict, folder: str, group: dict) -> None:
        # It takes what follows one dollar for a variable, and two for one.
        labels = {key: value.replace("$$", "$") for key, value in rule.get("labels", {}).items()}
        rule = {**rule, "title": rule["title"].replace("$$", "$"), "labels": labels}
        content = {**rule, "folderUID": folder, "ruleGroup": group["name"], "provenance": "file"}
        content["folder"], content["interval"] = group["folder"], group["interval"]
        try:
            self.database.execute(
                "INSERT INTO rule VALUES (?, ?, ?, ?) ON CONFLICT (uid) DO UPDATE SET folder = excluded.folder, "
                "title = excluded.title, content = excluded.content",
                (rule["uid"], folder, rule["title"], json.dumps(content)),
            )
        except sqlite3.IntegrityError:
            raise RefusedError(f"two rules of one folder have the title {rule['title']!r}") from None

    def _contact_points(self, file: dict) -> None:
        for point in file.get("contactPoints") or []:
            if not point.get("name"):
                raise RefusedError("a contact point has no name")
            for receiver in point["receivers"]:
                if not receiver.get("uid") or not receiver.get("type"):
                    raise RefusedError(f"{point['name']}: a receiver has no uid or no type")
                content = {**receiver, "name": point["name"], "provenance": "file"}
                self._put("contact_point", receiver["uid"], content)

    def _text_templates(self, file: dict) -> None:
        for template in file.get("templates") or []:
            content = json.dumps(template)
            self.database.execute("INSERT OR REPLACE INTO template VALUES (?, ?)", (template["name"], content))

    def _notification_policies(self, file: dict) -> None:
        for policy in file.get("policies") or []:
            points = {
                json.loads(content)["name"] for (content,) in self.database.execute("SELECT content FROM contact_point")
            }
            for receiver in receivers(policy):
                if receiver not in {*points, DEFAULT_POLICY["receiver"]}:
                    raise RefusedError(f"the receiver {receiver!r} does not exist")
            self.database.execute("INSERT OR REPLACE INTO policy VALUES (1, ?)", (json.dumps(policy),))
        if file.get("resetPolicies"):
            self.database.execute("DELETE FROM policy")
        for gone in file.get("deleteContactPoints") or []:
            self.database.execute("DELETE FROM contact_point WHERE uid = ?", (gone["uid"],))

    def _dashboards(self, folder: str, path: Path) -> None:
        models = {}
        for file in sorted(path.glob("*.json")):
            try:
                model = json.loads(file.read_text(encoding="utf-8"))
                models[model["uid"]] = {**model, "version": 1, "folderTitle": folder, "provisioned": True}
            except (OSError, ValueError, KeyError) as error:
                log("provisioning.dashboard", f"failed to load the dashboard from {file}", error)
        if models:
            self._folder(folder, finds_by_slug=False)
        titles = [model["title"] for model in models.values()]
        if len(titles) != len(set(titles)):
            log("provisioning.dashboard", "dashboard title is not unique in folder", f"{folder}: nothing is written")
            return
        for uid, content in list(self.database.execute("SELECT uid, model FROM dashboard")):
            known = json.loads(content)
            if known.get("provisioned") and known["folderTitle"] == folder and uid not in models:
                self.database.execute("DELETE FROM dashboard WHERE uid = ?", (uid,))
        for uid, model in models.items():
            self.database.execute("INSERT OR REPLACE INTO dashboard VALUES (?, ?)", (uid, json.dumps(model)))

    def _folder(self, title: str, *, finds_by_slug: bool = True) -> str:
        """Return the uid of a folder, which is created if it does not exist."""
        if finds_by_slug and self.release < (10, 0):
            titles = [json.loads(model)["title"] for (model,) in self.database.execute("SELECT model FROM dashboard")]
            if slug(title) in map(slug, titles):
                raise RefusedError("got invalid response. expected folder, found dashboard")
        row = self.database.execute("SELECT uid FROM folder WHERE title = ?", (title,)).fetchone()
        if row is None:
            row = (uuid.uuid4().hex[:9],)
            acl = json.dumps(DEFAULT_ACL)
            self.database.execute("INSERT INTO folder VALUES (?, ?, ?)", (title, row[0], acl))
        return row[0]

    def _put(self, table: str, uid: str, content: dict) -> None:
        self.database.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (uid, json.dumps(content)))


def check_rule(rule: dict, release: tuple[int, ...]) -> None:
    """See that a release of Grafana would take a rule; raises :exc:`RefusedError`."""
    title = rule.get("title")
    if not title:
        raise RefusedError("a rule has no title")
    for key in ("uid", "condition", "data", "for"):
        if not rule.get(key):
            raise RefusedError(f"rule {title!r} has no {key}")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", rule["uid"]) or len(rule["uid"]) > LONGEST_UID:
        raise RefusedError(f"rule {title!r}: {rule['uid']!r} is not a valid uid")
    seconds(rule["for"])
    kept = {"KeepLast"} if release >= KEEPS_LAST_FROM else set()
    for key, own in (("noDataState", "NoData"), ("execErrState", "Error")):
        if rule.get(key, own) not in {own, "OK", "Alerting", *kept}:
            raise RefusedError(f"rule {title!r}: {rule[key]!r} is not a valid {key}")
    annotations = rule.get("annotations") or {}
    if ("__dashboardUid__" in annotations) != ("__panelId__" in annotations):
        raise RefusedError("both annotations __dashboardUid__ and __panelId__ must be specified")


def receivers(policy: dict) -> Iterator[str]:
    """Every receiver that a tree of policies names."""
    if "receiver" in policy:
        yield policy["receiver"]
    for route in policy.get("routes") or []:
        yield from receivers(route)


def seconds(text: str) -> int:
    """Return a duration as Grafana writes it, in seconds."""
    found = DURATION.match(str(text))
    if found is None:
        raise RefusedError(f"not a valid duration string: {text!r}")
    return sum(int(number or 0) * unit for number, unit in zip(found.groups(), (3600, 60, 1), strict=True))


def log(logger: str, message: str, error: object) -> None:
    """Write a line as Grafana's log has them."""
    print(f"logger={logger} level=error msg={json.dumps(message)} error={json.dumps(str(error))}", flush=True)
