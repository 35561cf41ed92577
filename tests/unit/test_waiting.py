"""What the tests stand on: ports that stay free, and waits that are longer on a busy computer and never without end."""

from __future__ import annotations

import os
import socket
from types import SimpleNamespace

import crossbar_router
import pytest
from crossbar_router import MOST_SLOWNESS, free_port, slowness, wait_for


@pytest.mark.parametrize(
    ("load", "processors", "expected"), [(0.1, 2, 1), (2, 2, 1), (6, 2, 3), (6, 1, 6), (400, 2, MOST_SLOWNESS)]
)
def test_a_computer_is_as_slow_as_processes_share_a_processor(monkeypatch, load, processors, expected):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0, 0))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(processors)))
    assert slowness() == expected


def test_what_never_comes_is_told_with_the_time_that_was_waited(monkeypatch):
    clock = iter(range(100))
    stand_in = SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _seconds: None)
    monkeypatch.setattr(crossbar_router, "time", stand_in)
    monkeypatch.setattr(crossbar_router, "slowness", lambda: 3.0)
    with pytest.raises(pytest.fail.Exception, match="waited 31 s for a reading"):
        wait_for(lambda: False, "a reading", 10)


def test_a_free_port_is_given_to_nobody_else_meanwhile():
    """Who asks the kernel for any port might get the one that a router is about to listen on."""
    ports = {free_port() for _ in range(50)}
    assert len(ports) > 40
    for _ in range(200):
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            assert not ports & {server.getsockname()[1], client.getsockname()[1]}
    with socket.create_server(("127.0.0.1", ports.pop())):
        pass
