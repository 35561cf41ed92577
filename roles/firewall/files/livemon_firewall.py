#!/usr/bin/python3 -I
"""Make the ports that Docker publishes obey ufw.

Docker rewrites the destination of packets for published ports and accepts them before ufw's rules for incoming packets see
them. This program therefore writes ufw's rules a second time, for the port that was called, into chains of its own. Docker
consults them first (by its chain DOCKER-USER) and never changes them; they only take away what Docker would let through.

    livemon-firewall apply         update the chains to ufw's rules; print what changed; without ufw there are no chains
    livemon-firewall rules 4|6     print the chains of IPv4 or IPv6 in the format of iptables-restore
    livemon-firewall remove        delete the chains

Run before Docker starts, and by a path unit whenever ufw's rules or Docker's networks have changed. Standard library of
Python 3.6 and newer, because it runs on the monitor. The format of ufw's files is that of ufw 0.35 and 0.36.
"""

import fcntl
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List

UFW = Path("/etc/ufw")
UFW_SETTINGS = Path("/etc/default/ufw")
DOCKER_NETWORKS = Path("/var/lib/docker/network/files/local-kv.db")

DOCKER_CHAIN = "DOCKER-USER"
CHAIN = "livemon"
PUBLISHED = "livemon-published"
"""What was called at a published port, whatever its container's network is named."""
DIRECT = "livemon-direct"
"""What calls a container by the container's own address."""
CHAINS = [CHAIN, PUBLISHED, DIRECT]

DEFAULT_BRIDGES = ["docker0", "br-+"]
VERDICTS = {
    "ACCEPT": "RETURN",  # leaves the decision to Docker
    "ufw-user-limit-accept": "RETURN",
    "ufw6-user-limit-accept": "RETURN",
    "ufw-user-limit": "DROP",
    "ufw6-user-limit": "DROP",
}
CALLED_PORTS = re.compile(r" (?:-m multiport --dports|--dport) (\S+)")

RESTORE_ATTEMPTS = 10
USAGE = "livemon-firewall: write apply, rules 4, rules 6 or remove"
EXIT_USAGE = 64  # EX_USAGE of sysexits.h


def setting(text: str, name: str) -> str:
    """Return the last value of a setting in a file of ufw's, without its quotes; empty if there is none."""
    values: List[str] = re.findall(rf"^{name}=[\"']?([A-Za-z]*)", text, re.MULTILINE)
    return values[-1] if values else ""


def policy_verdict(settings: str, name: str) -> str:
    """Return the target for one of the default policies of ``/etc/default/ufw``; DROP if it is not set."""
    return {"ACCEPT": "RETURN", "REJECT": "REJECT"}.get(setting(settings, name), "DROP")


def user_rules(text: str, chain: str) -> Iterator[str]:
    """Yield what follows ``-A CHAIN`` in a file of ufw's, without comments and without rules that only log."""
    for line in text.splitlines():
        rule = " " + " ".join(line.split())
        if rule.startswith(f" -A {chain} ") and not re.search(r" -j ufw6?-user-logging-", rule):
            yield re.sub(r" -m comment .*", "", rule[len(f" -A {chain}") :])


def decided_before_docker(rule: str) -> str:
    """Return a rule of ufw's with the targets of our chains."""
    return re.sub(r" -j (\S+)", lambda target: f" -j {VERDICTS.get(target[1], target[1])}", rule)


def about_the_called_port(rule: str) -> Iterator[str]:
    """Yield a rule for incoming packets as rules about the port and address before Docker rewrote them, one for each port."""
    called = CALLED_PORTS.search(rule)
    rule = re.sub(r" -d(?= )", " -m conntrack --ctorigdst", CALLED_PORTS.sub("", rule))
    for port in called[1].split(",") if called else []:
        yield f" -m conntrack --ctorigdstport {port}{rule}"
    if not called:
        yield rule


def rules(family: str, ufw_rules: str, settings: str, bridges: List[str]) -> List[str]:
    """Return the chains as lines for iptables-restore.

    Parameters
    ----------
    family
        "4" or "6".
    ufw_rules
        Content of ``/etc/ufw/user.rules`` or ``user6.rules``; empty if there is no such file.
    settings
        Content of ``/etc/default/ufw``.
    bridges
        Interfaces of Docker's networks; ``+`` at the end stands for any end.
    """
    prefix = "ufw-user" if family == "4" else "ufw6-user"
    incoming = [decided_before_docker(rule) for rule in user_rules(ufw_rules, f"{prefix}-input")]
    routed = [decided_before_docker(rule) for rule in user_rules(ufw_rules, f"{prefix}-forward")]
    return [
        "*filter",
        *(f":{chain} - [0:0]" for chain in CHAINS),
        f"-A {CHAIN} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
        f"-A {CHAIN} -m conntrack --ctstate DNAT -g {PUBLISHED}",
        *(f"-A {CHAIN} -o {bridge} -g {DIRECT}" for bridge in bridges),
        # Containers call each other, and out.
        *(f"-A {DIRECT} -i {bridge} -j RETURN" for bridge in bridges),
        *(f"-A {PUBLISHED}{called}" for rule in incoming for called in about_the_called_port(rule)),
        *(f"-A {PUBLISHED}{rule}" for rule in routed),
        *(f"-A {DIRECT}{rule}" for rule in routed),
        f"-A {PUBLISHED} -j {policy_verdict(settings, 'DEFAULT_INPUT_POLICY')}",
        f"-A {DIRECT} -j {policy_verdict(settings, 'DEFAULT_FORWARD_POLICY')}",
        "COMMIT",
    ]


def content(path: Path) -> str:
    """Return what is in a file; nothing if there is none."""
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""


def output(*command: str) -> str:
    """Return what a command prints; nothing if it fails or does not exist."""
    try:
        return subprocess.check_output(command, stderr=subprocess.DEVNULL, encoding="utf-8")
    except (subprocess.CalledProcessError, FileNotFoundError):
        return ""


def succeeds(*command: str) -> bool:
    """Whether a command exists and succeeds."""
    try:
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except FileNotFoundError:
        return False


def docker_state() -> str:
    """Return systemd's SubState of the engine: "start" while it starts, then "running"."""
    return output("systemctl", "show", "--property", "SubState", "--value", "docker.service").strip()


def bridges() -> List[str]:
    """Return the interfaces of Docker's networks, also of those with a name of their own. An engine that starts does not answer."""
    if docker_state() != "running":
        return DEFAULT_BRIDGES
    networks = output("docker", "network", "ls", "--quiet", "--filter", "driver=bridge").split()
    name = '{{index .Options "com.docker.network.bridge.name"}}'
    named = output("docker", "network", "inspect", "--format", name, *networks).split() if networks else []
    return DEFAULT_BRIDGES + [bridge for bridge in named if bridge != "docker0"]


def wanted_rules(family: str) -> List[str]:
    """Return the chains that ufw's files ask for on this machine."""
    ufw_rules = content(UFW / ("user.rules" if family == "4" else "user6.rules"))
    return rules(family, ufw_rules, content(UFW_SETTINGS), bridges())


def families() -> Dict[str, str]:
    """Return the families that this kernel filters, by their commands."""
    return {"iptables": "4", **({"ip6tables": "6"} if succeeds("ip6tables", "-w", "-S") else {})}


def chains(command: str) -> str:
    """Return the rules that are in force in Docker's chain and in ours."""
    return "".join(output(command, "-w", "-S", chain) for chain in [DOCKER_CHAIN, *CHAINS])


def restore(command: str, lines: List[str]) -> None:
    """Load chains. Older versions of iptables-restore fail at once while another process holds the lock, so it is repeated."""
    text = "".join(f"{line}\n" for line in lines)
    for attempt in range(RESTORE_ATTEMPTS):
        done = subprocess.run(
            [f"{command}-restore", "--noflush"], check=False, input=text.encode("utf-8", "surrogateescape")
        )
        if done.returncode == 0:
            return
        if attempt < RESTORE_ATTEMPTS - 1:
            time.sleep(0.3)
    raise subprocess.CalledProcessError(done.returncode, f"{command}-restore")


def load(command: str, family: str) -> None:
    """Make the chains those that ufw's rules ask for, and have Docker consult them first."""
    succeeds(command, "-w", "-N", DOCKER_CHAIN)  # Docker makes it, unless it is there
    restore(command, wanted_rules(family))
    if not succeeds(command, "-w", "-C", DOCKER_CHAIN, "-j", CHAIN):
        subprocess.check_call([command, "-w", "-I", DOCKER_CHAIN, "-j", CHAIN])


def unload(command: str) -> None:
    """Delete the chains, if they are there."""
    if not succeeds(command, "-w", "-S", CHAIN):
        return
    while succeeds(command, "-w", "-D", DOCKER_CHAIN, "-j", CHAIN):
        pass
    for action in ("-F", "-X"):
        for chain in CHAINS:
            subprocess.check_call([command, "-w", action, chain])


def observed() -> List[str]:
    """Return the state of all that the chains are made from; it changes meanwhile if Docker starts or ufw writes its second file."""
    files = [UFW_SETTINGS, UFW / "ufw.conf", *sorted(UFW.glob("user*.rules")), DOCKER_NETWORKS]
    found = [(path, path.stat()) for path in files if path.exists()]
    return [docker_state(), *(f"{path} {stat.st_ino} {stat.st_mtime_ns}" for path, stat in found)]


def update() -> None:
    """Make the chains of every family what ufw asks for now, and print which of them changed."""
    enabled = setting(content(UFW / "ufw.conf"), "ENABLED") in {"yes", "YES"}
    for command, family in families().items():
        before = chains(command)
        if enabled:
            load(command, family)
        else:
            unload(command)
        if chains(command) != before:
            print(f"{command}: the rules for the ports that Docker publishes were changed")


def apply() -> None:
    """Update the chains until nothing that they are made from has changed meanwhile."""
    while True:
        before = observed()
        update()
        while docker_state() == "start":
            time.sleep(0.5)
        if observed() == before:
            return


def remove() -> None:
    """Delete the chains of every family."""
    for command in families():
        unload(command)


def main(arguments: List[str]) -> int:
    """Do what the command line asks for; return the exit status."""
    if arguments in (["rules", "4"], ["rules", "6"]):
        print("\n".join(wanted_rules(arguments[1])))
        return 0
    actions = {"apply": apply, "remove": remove}
    action = actions.get(" ".join(arguments))
    if action is None:
        print(USAGE, file=sys.stderr)
        return EXIT_USAGE
    # The path unit may run it at the same time as the playbook. This file is the lock, so that no other is left behind.
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            action()
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"livemon-firewall: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
