"""What `fields` and `query` print, and what they say of an answer that is not a bridge's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from flask import Flask, Response
from werkzeug.serving import make_server

from livemon import cli
from livemon.client import tables
from livemon.errors import LivemonError, RequestError, RouterError

SERIES = {"field": "A::x", "node": "A", "path": "a.x", "label": None, "units": "K", "times": [1.5], "values": [4.2]}
SILENT = SERIES | {"field": "B::x", "node": "B", "times": [], "values": []}


@pytest.fixture
def livemon(monkeypatch) -> Iterator[Callable[..., Result]]:
    """Run the command `livemon` against a service that gives one answer to everything."""
    given = []
    service = Flask("service", static_folder=None)
    service.add_url_rule("/<path:_>", view_func=lambda _: given[-1])
    server = make_server("127.0.0.1", 0, service, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("LIVEMON_BRIDGE_URL", f"http://127.0.0.1:{server.server_port}")

    def run(*words: str, answer: Response) -> Result:
        given.append(answer)
        return CliRunner().invoke(cli.livemon, words)

    yield run
    server.shutdown()
    server.server_close()


def answer(content: object, status: int = 200, **headers: str) -> Response:
    return Response(
        json.dumps(content), status, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.mark.parametrize(
    "given",
    [answer({"message": "Unauthorized"}, 401), answer({"service": "router"}), answer([]), Response("<html>", 200)],
)
@pytest.mark.parametrize("command", [("fields",), ("query", "A::x")])
def test_what_is_no_bridge_is_told(livemon, command, given):
    error = livemon(*command, answer=given).exception
    assert isinstance(error, RouterError)
    assert "is not livemon's bridge" in str(error)
    assert "LIVEMON_BRIDGE_URL" in str(error)


def test_a_proxy_of_the_lab_s_is_not_asked_for_the_appliance(livemon, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert "A::x" in livemon("query", "A::x", answer=answer({"series": [SERIES]})).output


def test_an_address_that_is_none_is_told(livemon, monkeypatch):
    monkeypatch.setenv("LIVEMON_BRIDGE_URL", "localhost")
    error = livemon("fields", answer=answer({})).exception
    assert isinstance(error, LivemonError)
    assert "LIVEMON_BRIDGE_URL is 'localhost'" in str(error)


def test_a_refusal_is_the_bridges_own_sentence(livemon):
    error = livemon("query", "A::y", answer=answer({"error": "A has no field 'y'"}, 404)).exception
    assert isinstance(error, RequestError)
    assert str(error) == "A has no field 'y'"


def test_a_silent_node_is_called_by_its_own_name(livemon):
    silent = SILENT | {"field": "µK,1::x", "node": "µK,1"}
    result = livemon(
        "query", "A::x", "µK,1::x", answer=answer({"series": [SERIES, silent]}, X_Livemon_Silent="%C2%B5K%2C1")
    )
    assert "no samples from µK,1, which does not answer" in str(result.exception)
    assert "no samples in this interval" not in result.output


@pytest.mark.parametrize(
    ("style", "printed"),
    [("csv", "field,time,value\nA::x,1.5,4.2\n"), ("table", "A::x    (a.x)\n  1970-01-01 00:00:01.500  4.2 K\n")],
)
def test_a_silent_node_is_an_error_and_the_others_are_printed(livemon, style, printed):
    given = answer({"series": [SERIES, SILENT]}, X_Livemon_Silent="B")
    result = livemon("query", "A::x", "B::x", "--format", style, answer=given)
    assert result.stdout == printed
    assert isinstance(result.exception, RouterError)
    assert "no samples from B" in str(result.exception)


def test_labels_are_printed_as_they_are(capsys):
    label = "[red]Still[/] :fire: [/x]"
    field = {"name": "x", "label": label, "units": "K", "path": "a.x"}
    tables.console().print(tables.names_table([{"name": "A", "fields": [field]}]))
    assert label in capsys.readouterr().out
