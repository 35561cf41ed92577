"""What the role grafana sees of Docker, with the stand-in for Grafana's container: no engine and no image is needed.

Called as ``docker``, with the directory of :class:`Machine` in $GRAFANA_MACHINE, it knows the commands of the role's tasks and, in
place of compose, ``docker up``: it runs the service as its definition says, looks at it by the definition's own health check, and
starts it again whenever it ends. Everything of the container is a process of this machine.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = ROOT / "lab/stand-in/grafana/stand_in.py"
SECONDS_TO_BE_HEALTHY = 8.0
UNHEALTHY = "container sisock_grafana is unhealthy"
COMPOSE_PROJECT = """
- ansible.builtin.copy: {content: "{{ compose_project_definition | to_json }}", dest: HERE/definition.json, mode: "0644"}
  register: definition
- ansible.builtin.command: docker up
  register: up
  changed_when: up.stdout | length > 0
"""
PLAY = "[{hosts: all, gather_facts: false, roles: [grafana]}]"


class Machine:
    """A directory in place of the machine's: ``etc`` for /etc/livemon, ``data`` for Grafana's volume, roles made to write there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]

    def prepare(self, bridge: str) -> None:
        """Make the directories, Grafana's secrets and the roles; `bridge` is where the data source asks."""
        for place in ("etc/grafana", "etc/secrets/grafana", "data", "bin", "roles/compose_project/tasks"):
            (self.directory / place).mkdir(parents=True)
        self.set_password("the first")
        (self.directory / "etc/secrets/grafana/grafana_secret_key").write_text("plugh")
        shutil.copytree(ROOT / "roles/grafana", self.directory / "roles/grafana")
        user, etc = os.getuid(), self.directory / "etc"
        changes = {
            "/etc/livemon/": f"{etc}/",
            '"472"': f'"{user}"',
            "owner: root": f'owner: "{user}"',
            "group: root": f'group: "{os.getgid()}"',
            "/var/lib/livemon-dashboards}": f"{etc}/grafana/dashboards}}",
            "/var/lib/livemon-lab}": f"{etc}/grafana/lab}}",
            "http://sisock-grafana-http:5000": bridge,
        }
        for path in (self.directory / "roles/grafana").rglob("*.*"):
            text = path.read_text()
            for ours, here in changes.items():
                text = text.replace(ours, here)
            path.write_text(text)
        compose = COMPOSE_PROJECT.replace("HERE", str(self.directory))
        (self.directory / "roles/compose_project/tasks/main.yml").write_text(compose)
        shutil.copy(ROOT / "roles/compose_project/tasks/time_zone.yml", self.directory / "roles/compose_project/tasks")
        (self.directory / "play.yml").write_text(PLAY)
        command = self.directory / "bin/docker"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} "$@"\n')
        command.chmod(0o755)

    def snapshot(self) -> None:
        """Remember the files below ``etc`` for :meth:`reset`."""
        shutil.copytree(self.directory / "etc", self.directory / "snapshot")

    def reset(self) -> None:
        """Be as at the snapshot, with no container and no database."""
        self.stop()
        for place in ("etc", "data"):
            shutil.rmtree(self.directory / place)
        shutil.copytree(self.directory / "snapshot", self.directory / "etc")
        (self.directory / "data").mkdir()

    def set_password(self, password: str) -> None:
        """Have another secret, as the role certificates makes one."""
        path = self.directory / "etc/secrets/grafana/admin"
        path.write_text(password)

    def environment(self, **further: str) -> dict[str, str]:
        """Return the environment in which ``docker`` is this module; `further` is the stand-in's."""
        here = {"GRAFANA_MACHINE": str(self.directory), "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}"}
        return os.environ | here | {"ANSIBLE_ROLES_PATH": str(self.directory / "roles")} | further

    def definition(self) -> dict:
        """Return the compose file that the role made."""
        return json.loads((self.directory / "definition.json").read_text())

    def log(self) -> str:
        """Return what the container has said since it was made."""
        return (self.directory / "log").read_text()

    def stop(self) -> None:
        """End the container, and what starts it again."""
        path = self.directory / "supervisor"
        if path.exists():
            os.killpg(int(path.read_text()), signal.SIGKILL)
            path.unlink()


def here() -> Path:
    return Path(os.environ["GRAFANA_MACHINE"])


def outside(text: str) -> str:
    """Return what a path or address in a container is on this machine."""
    places = {
        "/etc/livemon/": f"{here()}/etc/",
        "/run/secrets/": f"{here()}/etc/secrets/grafana/",
        "/run/grafana": f"{here()}/etc/grafana",
        "//sisock-grafana:": "//127.0.0.1:",
    }
    for inside, place in places.items():
        if not text.startswith(str(here())):
            text = text.replace(inside, place)
    return text


def service() -> dict:
    """Return how Grafana's container is defined, as compose understands it."""
    definition = json.loads((here() / "definition.json").read_text())["services"]["grafana"]
    plain = {key: outside(str(value)).replace("$$", "$") for key, value in definition["environment"].items()}
    more = {"GF_PATHS_DATA": str(here() / "data"), "GF_PATHS_PROVISIONING": str(here() / "etc/grafana/config")}
    check = [word.replace("$$", "$") for word in definition["healthcheck"]["test"][1:]]
    return {"environment": os.environ | plain | more, "check": check}


def up() -> None:
    """Make the container anew if it is defined in another way now, and wait until it is healthy."""
    supervisor, defined = here() / "supervisor", here() / "up.json"
    stand_in = {key: value for key, value in os.environ.items() if key.startswith("STAND_IN")}
    wanted = json.dumps(stand_in) + (here() / "definition.json").read_text()
    if supervisor.exists():
        if defined.read_text() == wanted:
            return
        os.killpg(int(supervisor.read_text()), signal.SIGKILL)
    defined.write_text(wanted)
    print("made anew")
    (here() / "log").write_text("")
    nothing = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    process = subprocess.Popen([sys.executable, __file__, "supervise"], start_new_session=True, **nothing)
    supervisor.write_text(str(process.pid))
    asked, deadline = service(), time.monotonic() + SECONDS_TO_BE_HEALTHY
    while subprocess.run(asked["check"], env=asked["environment"], capture_output=True, check=False).returncode != 0:
        if time.monotonic() > deadline:
            sys.exit(UNHEALTHY)
        time.sleep(0.3)


def supervise() -> None:
    """Run the container, and again whenever it ends."""
    for restarts in range(1000):
        (here() / "started").write_text(f"{dt.datetime.now(dt.UTC).isoformat()} {restarts}")
        with (here() / "log").open("a") as log:
            subprocess.run(
                [sys.executable, STAND_IN, "server"], env=service()["environment"], stdout=log, stderr=log, check=False
            )
        time.sleep(0.5)


def run(words: list[str]) -> None:
    """Run livemon, which stands in ``docker run ... IMAGE grafana ...`` behind the image."""
    given = {word.split("=", 1)[0]: outside(word.split("=", 1)[1]) for word in words if word.startswith("LIVEMON_")}
    command = [outside(word) for word in words[words.index("grafana") :]]
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); from livemon.cli import main; main(sys.argv[1:])"
    sys.exit(subprocess.run([sys.executable, "-c", program, *command], env=os.environ | given, check=False).returncode)


def main(words: list[str]) -> None:
    match words:
        case ["supervise"]:
            supervise()
        case ["up"]:
            up()
        case ["image", "inspect", _]:
            pass
        case ["volume", "inspect", "grafana-storage"]:
            sys.exit(0 if (here() / "data/grafana.db").exists() else 1)
        case ["inspect", "--format", "{{.State.StartedAt}} {{.RestartCount}}", "sisock_grafana"]:
            print((here() / "started").read_text())
        case ["logs", "--tail", _, "sisock_grafana"]:
            print((here() / "log").read_text())
        case ["exec", "sisock_grafana", "sh", "-c", script]:
            script = outside(script).replace("grafana cli", f"{sys.executable} {STAND_IN} cli")
            sys.exit(subprocess.run(["sh", "-c", script], env=service()["environment"], check=False).returncode)
        case ["run", *rest]:
            run(rest)
        case _:
            sys.exit(f"docker {' '.join(words)} is not known to the tests' machine")


if __name__ == "__main__":
    main(sys.argv[1:])
