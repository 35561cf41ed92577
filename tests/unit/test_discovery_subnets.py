"""Which addresses may be asked, and what to write instead of a subnet that is too large."""

from __future__ import annotations

import re

import pytest

from livemon.discovery.subnets import MOST_ADDRESSES, addresses


def test_a_subnet_is_its_hosts():
    found = addresses(["172.16.127.0/24"])
    assert (len(found), found[0], found[-1]) == (254, "172.16.127.1", "172.16.127.254")


@pytest.mark.parametrize(
    ("written", "hosts"),
    [
        (["172.16.127.192"], ["172.16.127.192"]),
        (["172.16.127.193/30"], ["172.16.127.193", "172.16.127.194"]),
        (["10.0.0.0/31"], ["10.0.0.0", "10.0.0.1"]),
        (["10.0.0.1", "10.0.0.0/30", "10.0.0.1"], ["10.0.0.1", "10.0.0.2"]),
        ([], []),
    ],
)
def test_addresses_come_once_and_in_order(written, hosts):
    assert addresses(written) == hosts


def test_a_22_is_the_largest():
    assert len(addresses(["10.0.0.0/22"])) <= MOST_ADDRESSES


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            ["172.16.0.0/16"],
            (
                "172.16.0.0/16 has 65534 addresses, and at most 1024 are asked at a time (a /22 has 1022): "
                "write the part of the network where the instruments are, for example 172.16.0.0/24"
            ),
        ),
        (["10.0.0.0/22", "10.0.4.0/24"], "10.0.0.0/22 and 10.0.4.0/24 have 1276 addresses, and at most 1024"),
        (["0.0.0.0/0"], "0.0.0.0/0 has 4294967294 addresses"),
        (["172.16.127.300"], "'172.16.127.300' is not a valid subnet: write, for example, 172.16.127.0/24"),
        (["172.16.127"], "'172.16.127' is not a valid subnet"),
        (["ls372.lab.example"], "'ls372.lab.example' is not a valid subnet"),
        (["fe80::/64"], "'fe80::/64' is IPv6, and the instruments' drivers support only IPv4"),
    ],
)
def test_a_subnet_that_cannot_be_asked_is_refused_in_words(written, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        addresses(written)
