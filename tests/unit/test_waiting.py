"""What the tests rely on: ports that stay free, and waits that are longer on a busy computer and always bounded."""

from __future__ import annotations

import os
import socket
from types import SimpleNamespace

import pytest
import waiting
from processes import free_port
from waiting import LONGEST_QUEUE, patience, wait_for


@pytest.mark.parametrize(
    ("load", "processors", "expected"), [(0.1, 2, 1), (2, 2, 1), (6, 2, 3), (6, 1, 6), (400, 2, LONGEST_QUEUE)]
)
def test_waits_are_as_long_as_processes_queue_and_as_the_environment_says(monkeypatch, load, processors, expected):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0, 0))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(processors)))
    monkeypatch.delenv("LIVEMON_PATIENCE", raising=False)
    assert patience() == expected
    monkeypatch.setenv("LIVEMON_PATIENCE", "2.5")
    assert patience() == 2.5 * expected


def test_what_never_comes_is_told_with_the_time_that_was_waited(monkeypatch):
    clock = iter(range(100))
    stand_in = SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _seconds: None)
    monkeypatch.setattr(waiting, "time", stand_in)
    monkeypatch.setattr(waiting, "patience", lambda: 3.0)
    with pytest.raises(pytest.fail.Exception, match="waited 31 s for a reading"):
        wait_for(lambda: False, "a reading", 10)


def test_a_free_port_is_not_assigned_to_another_socket_meanwhile():
    """A socket bound to port 0 might otherwise get the port on which a router is about to listen."""
    ports = {free_port() for _ in range(50)}
    assert len(ports) > 40
    for _ in range(200):
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            assert not ports & {server.getsockname()[1], client.getsockname()[1]}
    with socket.create_server(("127.0.0.1", ports.pop())):
        pass
