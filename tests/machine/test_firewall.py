"""What another host reaches: what ufw allows, of Docker's ports too, whatever happens to ufw, Docker and the machine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from doors import (
    CLOSED,
    GRAFANA,
    INSIDE,
    INTERNAL,
    Container,
    assert_only_the_allowed_ports_answer,
    of_family,
    reached,
    wait_until,
)
from lab_machine import Machine, Neighbour
from testinfra.host import Host

DROPS_DIRECT_CALLS = 28
"""From this engine on, Docker itself drops what calls a container by its own address from elsewhere, whatever a firewall allows."""
UNGUARD = "systemctl stop livemon-firewall.path && livemon-firewall remove"


@pytest.fixture
def _told(host: Host) -> Iterator[None]:
    """Whatever a test does to the firewall, it is as before afterwards."""
    yield
    host.run_expect([0], "ufw --force enable && systemctl start livemon-firewall.service livemon-firewall.path")


@pytest.mark.parametrize(
    "event",
    [
        "nothing",
        "ufw reload",
        "ufw disable && ufw --force enable",
        "docker restart firewall-test",
        "systemctl restart livemon-firewall.service",
    ],
)
def test_only_the_allowed_ports_answer_after(
    event, host: Host, neighbour: Neighbour, container: Container, sources: list[str]
):
    if event != "nothing":
        host.run_expect([0], event)
    assert_only_the_allowed_ports_answer(neighbour, sources)


def test_only_the_allowed_ports_answer_after_a_container_is_made_anew(
    neighbour: Neighbour, container: Container, sources: list[str]
):
    container.recreate()
    assert_only_the_allowed_ports_answer(neighbour, sources)


def test_only_the_allowed_ports_answer_after_a_restart_of_the_engine(
    host: Host, neighbour: Neighbour, container: Container, sources: list[str]
):
    host.run_expect([0], "systemctl reset-failed docker.service; systemctl restart docker.service")
    assert_only_the_allowed_ports_answer(neighbour, sources)


@pytest.mark.usefixtures("_told")
@pytest.mark.parametrize("how", ["ufw disable", UNGUARD])
def test_without_the_firewall_a_published_port_answers_everybody(
    how, host: Host, neighbour: Neighbour, container: Container, sources: list[str]
):
    """What the tests above see closed is open without what they are about: they can fail."""
    host.run_expect([0], how)
    wait_until(True, neighbour, of_family(neighbour, 4)[1], CLOSED, after=how)
    with pytest.raises(AssertionError):
        assert_only_the_allowed_ports_answer(neighbour, sources)


@pytest.mark.parametrize("family", [4, 6])
def test_a_published_port_obeys_what_the_operator_types(family, host: Host, neighbour: Neighbour, container: Container):
    source, other = of_family(neighbour, family)
    both = ((source, True), (other, True))
    for rule, answers in [
        (f"allow {CLOSED}/tcp", both),
        (
            f"insert 1 deny from {source}" if family == 4 else f"prepend deny from {source}",
            ((source, False), (other, True)),
        ),
        (f"delete deny from {source}", both),
        (f"delete allow {CLOSED}/tcp", ((source, False), (other, False))),
    ]:
        host.run_expect([0], f"ufw {rule}")
        for caller, answer in answers:
            wait_until(answer, neighbour, caller, CLOSED, after=f"ufw {rule}")


@pytest.fixture
def routed(neighbour: Neighbour, machine: Machine) -> Iterator[list[str]]:
    """Addresses to which the neighbour made itself a route by way of the machine."""
    routes: list[str] = []

    class Routes(list):
        def append(self, address: str) -> None:
            neighbour.run(f"ip route replace {address}/32 via {machine.address}")
            super().append(address)

    routes = Routes()
    yield routes
    for address in routes:
        neighbour.run(f"ip route del {address}/32")


@pytest.mark.usefixtures("_told")
def test_a_route_to_a_container_leads_nowhere(
    host: Host, neighbour: Neighbour, container: Container, routed: list[str]
):
    source, other = of_family(neighbour, 4)
    addresses = {name: container.address(name) for name in host.check_output("docker ps --format '{{.Names}}'").split()}
    for address in addresses.values():
        routed.append(address)
    ports = (*INTERNAL, GRAFANA, INSIDE)
    with ThreadPoolExecutor(len(addresses)) as pool:
        found = pool.map(lambda address: reached(neighbour, source, ports, address), addresses.values())
    assert {name: answers for name, answers in zip(addresses, found, strict=True) if answers} == {}
    if int(host.check_output("docker version --format '{{.Server.Version}}'").split(".")[0]) >= DROPS_DIRECT_CALLS:
        assert "! -i docker0 -j DROP" in host.check_output("iptables -w -t raw -S PREROUTING")
        return
    address = container.address()
    rule = f"allow proto tcp from {source} to {address} port {INSIDE}"
    host.run_expect([0], f"ufw route {rule}")
    try:
        wait_until(True, neighbour, source, INSIDE, after=rule, address=address)
        assert not reached(neighbour, other, (INSIDE,), address)
    finally:
        host.run_expect([0], f"ufw route delete {rule}")
    wait_until(False, neighbour, source, INSIDE, after=f"delete {rule}", address=address)
    host.run_expect([0], UNGUARD)
    assert reached(neighbour, source, (INSIDE,), address), "the test can fail: Docker itself lets it through"


def test_a_network_may_have_any_name(host: Host, neighbour: Neighbour, routed: list[str]):
    host.run_expect([0], "docker network create --opt com.docker.network.bridge.name=cryo0 firewall-test")
    container = Container(host, "firewall-test-cryo", "firewall-test", (47084, 47085, 47086))
    try:
        container.start()
        assert reached(neighbour, neighbour.address, container.published) == set()
        routed.append(container.address())
        wait_until(False, neighbour, neighbour.address, INSIDE, after="a new network", address=container.address())
    finally:
        container.stop()
        host.run_expect([0], "docker network rm firewall-test")


def test_containers_call_out_and_each_other(host: Host, neighbour: Neighbour, container: Container):
    neighbour.run("nohup python3 -m http.server 47090 >/dev/null 2>&1 &")
    call = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).status)"
    for url in (f"http://{neighbour.address}:47090/", f"http://{container.address()}:{INSIDE}/"):
        image = host.check_output("docker inspect --format '{{.Config.Image}}' firewall-test")
        assert host.check_output(f'docker run --rm --entrypoint python {image} -c "{call}" {url}') == "200"


def test_internal_ports_are_bound_to_the_loopback_address(host: Host):
    listening = host.check_output("ss --tcp --listening --numeric --no-header | awk '{print $4}'").splitlines()
    for port in INTERNAL:
        assert [address for address in listening if address.endswith(f":{port}")] in ([f"127.0.0.1:{port}"], [])
    assert {"127.0.0.1:5000", "127.0.0.1:8001"} <= set(listening)


def play(machine: Machine, **settings: object) -> str:
    """Run the playbook for the firewall alone; return what it says when it fails, else the line of what it changed."""
    result = machine.play("site", "--tags=firewall", **settings)
    assert result.rc in {0, 2}, result.stdout + result.stderr
    return result.stdout.partition("PLAY RECAP")[2].splitlines()[1] if result.rc == 0 else result.stdout


FORMER = """# BEGIN livemon: ports that Docker publishes
*filter
:DOCKER-USER - [0:0]
:ufw-user-forward - [0:0]
:ufw-docker - [0:0]
-A DOCKER-USER -o docker0 -j ufw-docker
-A DOCKER-USER -o br-+ -j ufw-docker
-A DOCKER-USER -j RETURN
-A ufw-docker -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A ufw-docker -i docker0 -j RETURN
-A ufw-docker -i br-+ -j RETURN
-A ufw-docker -j ufw-user-forward
-A ufw-docker -j DROP
COMMIT
# END livemon: ports that Docker publishes
"""
"""What livemon wrote into after.rules formerly."""


@pytest.mark.long
@pytest.mark.timeout(900)
def test_rules_of_a_former_livemon_go_by_themselves(machine: Machine, host: Host):
    host.run_expect([0], "printf %s >>/etc/ufw/after.rules", FORMER)
    host.run_expect([0], "ufw reload")
    assert "ufw-docker" in host.check_output("iptables -w -S DOCKER-USER")
    assert "failed=0" in play(machine)
    assert "ufw-docker" not in host.check_output("iptables-save; cat /etc/ufw/after.rules")
    assert "-j livemon" in host.check_output("iptables -w -S DOCKER-USER")


@pytest.fixture
def _playbook_again(machine: Machine) -> Iterator[None]:
    """The firewall is as the demo's inventory says afterwards."""
    yield
    assert "failed=0" in play(machine)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("_playbook_again")
def test_allow_from_and_the_port_of_grafana_replace_rules_of_ours_only(
    machine: Machine, host: Host, neighbour: Neighbour, container: Container
):
    mine, others = of_family(neighbour, 4)
    host.run_expect([0], "ufw allow 4444/tcp comment 'the operator'")
    # The tests' container stands for Grafana on another port.
    assert "failed=0" in play(machine, allow_from={"grafana": [mine, "2001:db8::/32"]}, grafana_port=CLOSED)
    assert reached(neighbour, mine, (GRAFANA, CLOSED)) == {CLOSED}
    assert reached(neighbour, others, (GRAFANA, CLOSED)) == set()
    rules = host.check_output("ufw show added")
    assert "4444/tcp comment 'the operator'" in rules
    assert str(GRAFANA) not in rules
    host.run_expect([0], "ufw delete allow 4444/tcp")


def test_ssh_is_not_closed_to_ansible_itself(machine: Machine, host: Host):
    before = host.check_output("ufw show added; iptables-save | grep livemon")
    said = play(machine, allow_from={"ssh": ["192.0.2.0/24"]})
    assert "allow_from.ssh (192.0.2.0/24) would lock out Ansible itself, which connects from" in said
    assert host.check_output("ufw show added; iptables-save | grep livemon") == before


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("_playbook_again")
def test_a_change_that_cuts_the_connection_is_undone(machine: Machine, host: Host, neighbour: Neighbour):
    """The operator denied the controller's address while ufw was off; switching it on would shut him out."""
    controller = host.check_output(
        "ss --tcp --numeric --no-header state established '( sport = :22 )' | awk '{print $4}' | head -n 1"
    )
    controller = controller.rpartition(":")[0].strip("[]").removeprefix("::ffff:")
    host.run_expect([0], "ufw disable")
    host.run_expect([0], f"ufw insert 1 deny from {controller} to any port 22 proto tcp")
    started = float(host.check_output("cut -d ' ' -f 1 /proc/uptime"))
    said = play(machine, firewall_undo_after=30)
    assert "after the change of the firewall Ansible could not connect any more, and so it was undone" in said
    assert float(host.check_output("cut -d ' ' -f 1 /proc/uptime")) - started < 180
    assert "Status: inactive" in host.check_output("ufw status")
    assert "was undone" in host.check_output("journalctl --unit livemon-firewall-undo --no-pager --output cat")
    host.run_expect([0], f"ufw delete deny from {controller} to any port 22 proto tcp")


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("_playbook_again")
def test_switched_off_it_leaves_what_was_there_before(
    machine: Machine, host: Host, neighbour: Neighbour, container: Container
):
    host.run_expect([0], "ufw allow 4444/tcp comment 'the operator'")
    assert "changed=0" not in play(machine, firewall=False)
    assert reached(neighbour, neighbour.address, (CLOSED,)) == {CLOSED}
    assert "Status: inactive" in host.check_output("ufw status")
    rules = host.check_output("ufw show added")
    assert "4444/tcp comment 'the operator'" in rules
    assert "comment 'livemon'" not in rules
    assert "livemon" not in host.check_output("iptables-save; ip6tables-save")
    assert not host.run("systemctl list-units --all --no-legend 'livemon-firewall*'").stdout
    assert not host.check_output("find / -xdev -name 'livemon-firewall*' -not -path '/proc/*'")
    assert "changed=0" in play(machine, firewall=False)
    host.run_expect([0], "ufw delete allow 4444/tcp")


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.reboots
def test_a_change_that_nobody_confirms_is_undone_by_a_restart(machine: Machine, host: Host):
    host.run_expect([0], "livemon-firewall-change begin 3600 && ufw allow 4445/tcp")
    machine.reboot()
    assert "4445" not in host.check_output("ufw show added")
    assert "Status: active" in host.check_output("ufw status")
