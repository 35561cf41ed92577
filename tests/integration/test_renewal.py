"""The router's certificate renewed, and its authority replaced, under load: nobody who is connected notices."""

from __future__ import annotations

import pytest
from renewal import PARTS, RATE, cost, running, served
from waiting import patience, wait_for

from livemon.installation.making import load_chain

BACK_WITHIN = 10.0


@pytest.fixture(scope="module")
def appliance(tmp_path_factory):
    with running(tmp_path_factory.mktemp("renewal")) as found:
        yield found


@pytest.mark.parametrize("wanted", [{"new_keys": True}, {"new_authority": True}], ids=["certificate", "authority"])
def test_a_renewal_costs_no_session_no_sample_and_nobody_who_comes_new(appliance, wanted):
    before = served(appliance.router)
    found, callers = cost(appliance, lambda: appliance.router.renew(**wanted))
    assert served(appliance.router) != before
    assert found.lost_sessions == 0
    assert callers.refusals == []
    assert found.archive < 5 / RATE
    assert found.unseen < BACK_WITHIN / 2 * patience(), "the agent publishes every second, the machine may be slow"


def test_who_was_there_before_trusts_the_new_authority_when_he_has_to_come_back(appliance):
    appliance.router.renew(new_authority=True)
    appliance.router.renew(forget=True)
    assert len(load_chain(appliance.router.directory / "pki/ca.crt")) == 1
    found, _ = cost(appliance, appliance.router.restart)
    assert found.lost_sessions >= len(PARTS), "a restart is noticed: the test can fail"
    for part in PARTS:
        assert appliance.children[part].poll() is None, f"{part} did not give up"


def test_a_certificate_that_does_not_fit_its_key_is_not_taken_up(appliance):
    pki = appliance.router.directory / "pki/server"
    before, key = served(appliance.router), (pki / "server.key").read_bytes()
    told = "still serving the former certificate"
    appliance.router.renew(new_keys=True)
    after, fitting = served(appliance.router), (pki / "server.key").read_bytes()
    assert after != before
    (pki / "server.key").unlink()
    (pki / "server.key").write_bytes(key)
    said = appliance.router.log.read_text().count(told)  # as of a renewal that somebody met between its two files
    assert served(appliance.router) == after
    wait_for(lambda: appliance.router.log.read_text().count(told) > said, "the router to say so", 20)
    (pki / "server.key").write_bytes(fitting)
    wait_for(lambda: served(appliance.router) == after, "the pair that belongs together")
