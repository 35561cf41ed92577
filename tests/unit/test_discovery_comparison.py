"""Each difference between the inventory and what was found: one sentence, with what to write."""

from __future__ import annotations

import pytest

from livemon.discovery.comparison import differences
from livemon.discovery.found import Found
from livemon.discovery.site import Expected

CONTROL = Expected("control", "372", "LSA22YG", "172.16.127.192", 7777, "172.16.127.192")
STILL = Expected("still", "372", "LSA23JD", "still.lab.example", 7777, "172.16.127.193")
LS240 = Expected("ls240", "240", "LSA21OQ")
FAR = Expected("far", "240", "LSA2FAR", "172.16.127.30", 4001, "172.16.127.30")
TOY = Expected("toy", "372", "LSATOY", "simulator-toy", 7777, None, simulated=True)
ALL = (CONTROL, STILL, LS240, FAR, TOY)


def bridge(serial, last=None, **about):
    host = f"172.16.127.{last}" if last else None
    return Found("LSCI", "MODEL372", "372", serial, "1.3", host, 7777 if last else None, **about)


def module(serial, last=None, port=1094, line="/dev/ttyUSB0"):
    network = {"host": f"172.16.127.{last}", "port": port} if last else {"line": line}
    return Found("LSCI", "MODEL240-8P", "240", serial, "1.0", **network)


RIGHT = (bridge("LSA22YG", 192), bridge("LSA23JD", 193), module("LSA21OQ"), module("LSA2FAR", 30, 4001))


def sentences(found, expected=ALL, instead=None, untold=()):
    return [
        each.sentence
        for each in differences(expected, list(found), instead or {}, untold, {each.id for each in expected})
    ]


def without(*left_out):
    return [each for each in RIGHT if each.serial not in left_out]


def test_what_is_as_it_should_be_is_not_mentioned():
    assert sentences(RIGHT) == []
    assert sentences([bridge("LSA22YG", 192, told_by="control"), *RIGHT[1:]]) == []


CASES = {
    "swapped": (
        [bridge("LSA23JD", 192), bridge("LSA22YG", 193), *RIGHT[2:]],
        (
            "control and still are swapped: LSA23JD replies at 172.16.127.192 port 7777 and LSA22YG at still.lab.example port 7777; "
            "write address: still.lab.example for control and address: 172.16.127.192 for still, or swap the boxes"
        ),
    ),
    "another serial": (
        [bridge("LSA99", 192), *RIGHT[1:]],
        (
            "control: Lake Shore 372 LSA99 replies at 172.16.127.192 port 7777, not Lake Shore 372 LSA22YG; "
            "if the box was exchanged, write serial: LSA99"
        ),
    ),
    "another model": (
        [module("LSA22YG", 192, 7777), *RIGHT[1:]],
        (
            "control: Lake Shore 240 LSA22YG replies at 172.16.127.192 port 7777, not Lake Shore 372 LSA22YG; "
            "if the box was exchanged, write model: 240"
        ),
    ),
    "another model that livemon cannot read": (
        [Found("LSCI", "MODEL224", None, "LSA24A", "1.0", "172.16.127.192", 7777), *RIGHT[1:]],
        (
            "control: LSCI MODEL224 LSA24A replies at 172.16.127.192 port 7777, not Lake Shore 372 LSA22YG; "
            "if the box was exchanged, write serial: LSA24A"
        ),
    ),
    "at another address": (
        [bridge("LSA22YG", 7), *RIGHT[1:]],
        (
            "control: Lake Shore 372 LSA22YG is at 172.16.127.7 port 7777, not at 172.16.127.192 port 7777; "
            "write address: 172.16.127.7"
        ),
    ),
    "at another port": (
        [*RIGHT[:3], module("LSA2FAR", 30, 4002)],
        (
            "far: Lake Shore 240 LSA2FAR is at 172.16.127.30 port 4002, not at 172.16.127.30 port 4001; "
            "write address: 172.16.127.30:4002"
        ),
    ),
    "on USB now": (
        [*RIGHT[:3], module("LSA2FAR")],
        "far: Lake Shore 240 LSA2FAR is at USB (/dev/ttyUSB0), not at 172.16.127.30 port 4001; leave out its address",
    ),
    "in the network now": (
        [*without("LSA21OQ"), module("LSA21OQ", 40)],
        "ls240: Lake Shore 240 LSA21OQ is at 172.16.127.40 port 1094, not at USB; write address: 172.16.127.40",
    ),
    "not replying": (
        without("LSA22YG"),
        (
            "control: Lake Shore 372 LSA22YG does not reply: nothing listens at 172.16.127.192 port 7777; check its power, "
            "its cable and the address on its display, or look for it by naming its subnet"
        ),
    ),
    "not on USB": (
        without("LSA21OQ"),
        "ls240: Lake Shore 240 LSA21OQ is not on USB; check that it is switched on, and its cable",
    ),
    "unknown": (
        [*RIGHT, bridge("LSA99", 200)],
        (
            "Lake Shore 372 LSA99 at 172.16.127.200 port 7777 is not in the inventory; "
            "add - {model: 372, id: ls372, serial: LSA99, address: 172.16.127.200}"
        ),
    ),
    "unknown on USB": (
        [*RIGHT, module("LSA2NEW")],
        (
            "Lake Shore 240 LSA2NEW at USB (/dev/ttyUSB0) is not in the inventory; "
            "add - {model: 240, id: ls240-2, serial: LSA2NEW}"
        ),
    ),
    "misplaced": (
        [bridge("LSA23JD", 192), *RIGHT[2:]],
        (
            "control: Lake Shore 372 LSA23JD, which is still in the inventory, replies at 172.16.127.192 port 7777, not "
            "Lake Shore 372 LSA22YG; find the address of LSA22YG"
        ),
    ),
}


@pytest.mark.parametrize(("found", "sentence"), CASES.values(), ids=CASES)
def test_a_difference_is_one_sentence_with_what_to_write(found, sentence):
    assert sentences(found)[0] == sentence


@pytest.mark.parametrize("case", [name for name in CASES if name != "misplaced"])
def test_nothing_else_is_said(case):
    assert len(sentences(CASES[case][0])) == 1


def test_a_box_at_the_place_of_another_moves_both():
    found = [bridge("LSA23JD", 192), *RIGHT[2:]]
    assert [each.kind for each in differences(ALL, found, {})] == ["misplaced", "moved"]


def test_three_that_have_changed_places_in_a_circle_have_moved():
    third = Expected("third", "372", "LSA3", "172.16.127.194", 7777, "172.16.127.194")
    found = [bridge("LSA23JD", 192), bridge("LSA3", 193), bridge("LSA22YG", 194)]
    said = sentences(found, (CONTROL, STILL, third))
    assert [each.partition("write ")[2] for each in said] == [
        "address: 172.16.127.194",
        "address: 172.16.127.192",
        "address: 172.16.127.193",
    ]


def test_an_unknown_box_at_the_place_of_one_that_has_moved_is_told_too():
    said = sentences([bridge("LSA99", 192), bridge("LSA22YG", 7), *RIGHT[1:]])
    assert ["write address: 172.16.127.7" in said[0], "LSA99" in said[1], len(said)] == [True, True, 2]


def test_what_listens_instead_is_told():
    (said,) = sentences(without("LSA22YG"), instead={("172.16.127.192", 7777): "is a web server"})
    assert "LSA22YG does not reply: what listens at 172.16.127.192 port 7777 is a web server" in said


def test_an_agent_that_does_not_say_what_it_talks_to():
    (said,) = sentences(without("LSA22YG"), untold={"control"})
    assert said == (
        "control: its agent runs and does not say which instrument it talks to; --all asks at 172.16.127.192 port 7777 itself"
    )


def test_one_behind_an_adapter_which_usb_does_not_identify():
    behind = Expected("control", "372", "LSA22YG")
    (said,) = sentences([], (behind,))
    assert said.startswith(
        "control: Lake Shore 372 LSA22YG is on a serial line that its agent does not read; name the line"
    )
    assert sentences([bridge("LSA22YG", line="/dev/ttyUSB1")], (behind,)) == []


def test_a_name_that_has_no_address():
    lost = Expected("still", "372", "LSA23JD", "still.lab.example", 7777, None)
    (said,) = sentences([], (lost,))
    assert "the name still.lab.example has no IPv4 address" in said


def test_one_whose_serial_is_not_known_is_compared_by_its_model():
    nameless = Expected("control", "372", "", "172.16.127.192", 7777, "172.16.127.192")
    assert sentences([RIGHT[0]], (nameless,)) == []
    assert "write model: 240 and serial: LSA2" in sentences([module("LSA2", 192, 7777)], (nameless,))[0]
