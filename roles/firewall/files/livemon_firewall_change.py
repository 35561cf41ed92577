#!/usr/bin/python3 -I
"""Change ufw in such a way that a change which cuts the way to the machine undoes itself.

What ufw is set to is kept aside, and restored unless someone who has connected again confirms the change in time; also when
the machine was restarted in between.

    livemon-firewall-change begin SECONDS    keep ufw's rules and settings aside, to be restored after so many seconds
    livemon-firewall-change run              pass each line of standard input to ufw, until one of them fails
    livemon-firewall-change keep             confirm the change
    livemon-firewall-change undo             restore what was kept aside
    livemon-firewall-change abandoned        the same, if no confirmation is waited for any more

Standard library of Python 3.6 and newer, because it runs on the monitor.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List

RULES = Path("/etc/ufw")
SETTINGS = Path("/etc/default/ufw")
ASIDE = Path("/var/lib/livemon/firewall/before-change")
UNIT = "livemon-firewall-undo"
PROGRAM = "/usr/local/sbin/livemon-firewall-change"

USAGE = "livemon-firewall-change: write begin SECONDS, run, keep, undo or abandoned"
EXIT_USAGE = 64  # EX_USAGE of sysexits.h


def copy(source: str, target: Path) -> None:
    """Copy files with their owners and modes, which Python's own copy does not keep."""
    subprocess.check_call(["cp", "--archive", source, str(target)])


def stop_timer() -> None:
    """Stop the timer that would undo the change, if it runs."""
    subprocess.call(["systemctl", "stop", f"{UNIT}.timer"], stderr=subprocess.DEVNULL)


def begin(seconds: str) -> int:
    """Keep rules and settings aside, and start the timer that restores them."""
    new = ASIDE.with_name(f"{ASIDE.name}.new")
    for old in (ASIDE, new):
        shutil.rmtree(str(old), ignore_errors=True)
    new.mkdir(parents=True)
    copy(str(RULES), new / "rules")
    copy(str(SETTINGS), new / "settings")
    stop_timer()
    new.rename(ASIDE)
    timer = ["--on-active", seconds, "--timer-property", "AccuracySec=1s"]
    return subprocess.call(["systemd-run", "--quiet", "--unit", UNIT, *timer, PROGRAM, "undo"])


def run() -> int:
    """Run ufw once for each line of standard input, with the words of that line; return the status of the first that fails."""
    for line in sys.stdin:
        status = subprocess.call(
            ["ufw", *shlex.split(line)], env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL
        )
        if status:
            return status
    return 0


def keep() -> int:
    """Confirm the change, unless it was undone already. A rename decides which of the two it is."""
    kept = ASIDE.with_name(f"{ASIDE.name}.kept")
    stop_timer()
    shutil.rmtree(str(kept), ignore_errors=True)
    try:
        ASIDE.rename(kept)
    except FileNotFoundError:
        print("livemon-firewall-change: too late, the change of the firewall was undone already", file=sys.stderr)
        return 1
    shutil.rmtree(str(kept))
    return 0


def undo() -> int:
    """Restore what was kept aside, if anything is."""
    if not ASIDE.is_dir():
        return 0
    copy(f"{ASIDE}/rules/.", RULES)
    copy(f"{ASIDE}/settings", SETTINGS)
    enabled = re.search(r"^ENABLED=yes", (RULES / "ufw.conf").read_text(), re.IGNORECASE | re.MULTILINE)
    if not enabled or subprocess.call(["ufw", "reload"]):
        subprocess.check_call(["ufw", "disable"])
    shutil.rmtree(str(ASIDE))
    print("the change of the firewall was undone: no new connection confirmed it in time", flush=True)
    return subprocess.call(["systemctl", "--no-block", "start", "livemon-firewall.service"])


def abandoned() -> int:
    """Restore what was kept aside, unless the timer still waits for a confirmation."""
    waits = subprocess.call(["systemctl", "--quiet", "is-active", f"{UNIT}.timer", f"{UNIT}.service"]) == 0
    return 0 if waits else undo()


ACTIONS: Dict[str, Callable[[], int]] = {"run": run, "keep": keep, "undo": undo, "abandoned": abandoned}


def main(arguments: List[str]) -> int:
    """Do what the command line asks for; return the exit status."""
    try:
        if len(arguments) == 2 and arguments[0] == "begin":
            return begin(arguments[1])
        if len(arguments) == 1 and arguments[0] in ACTIONS:
            return ACTIONS[arguments[0]]()
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"livemon-firewall-change: {error}", file=sys.stderr)
        return 1
    print(USAGE, file=sys.stderr)
    return EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
