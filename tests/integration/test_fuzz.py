"""Requests and calls of any kind to the running appliance: no process dies, none says a traceback, none grows."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import urllib.parse

import psutil
import pytest
from appliance import Appliance, problems
from fuzzing import BODIES, CHANNELS, anything, check, forms, fuzz, mostly, objects, paths
from hypothesis import given
from hypothesis import strategies as st
from ocs_site import Site
from paths import ROOT

MAX_GROWTH = 2 * 2**20
"""Bytes that a process may hold more after everything was done once more: what Python's allocator scatters."""
ROUNDS = 4
"""How often everything is done once more. Of what a request needed and gave back malloc keeps up to 64 MiB (its trim threshold rises
to that), a step that is taken once; what is lost is lost every time."""

SISOCK = "org.simonsobservatory"
NODES = [
    {
        "kind": "feed",
        "name": "FAKE",
        "target": "fake1",
        "feeds": ["false_temperatures"],
        "description": "Fake data",
        "window": 600,
    },
    {"kind": "sensors", "name": "sensors", "description": "This machine"},
]


class Caller:
    """A session with the router that calls what it is told to."""

    def __init__(self, router, user):
        secret = router.directory / "secrets" / user / user
        self._log = (router.directory / f"calls-{user}.log").open("w")
        self._child = subprocess.Popen(
            [
                sys.executable,
                ROOT / "tests/support/wamp_calls.py",
                router.url,
                router.directory / "pki/ca.crt",
                user,
                secret,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )
        assert self._answer() == {"result": "joined"}

    def call(self, procedure, *arguments, **keywords):
        print(json.dumps([f"{SISOCK}.{procedure}", arguments, keywords]), file=self._child.stdin, flush=True)
        return self._answer()

    def _answer(self):
        line = self._child.stdout.readline()
        assert line, "the session has ended"
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.stdin.close()
        try:
            self._child.wait(10)
        finally:
            self._child.kill()
            self._child.wait()
            self._child.stdout.close()
            self._log.close()


@pytest.fixture(scope="module")
def appliance(router, tmp_path_factory):
    directory = tmp_path_factory.mktemp("fuzz")
    site = Site(directory, router)
    rate = (["--num-channels", 2], ["--sample-rate", 10], ["--frame-length", 10], ["--mode", "acq"])
    site.write(fake1=("FakeDataAgent", *rate))
    with site.agent("fake1"), Appliance(directory, router) as running:
        running.write_nodes(*NODES)
        running.start()
        running.wait_for_values("FAKE")
        running.wait_for_values("sensors")
        yield running


def integers(value):
    """Numbers that every serializer of WAMP can carry."""
    if isinstance(value, list):
        return [integers(each) for each in value]
    if isinstance(value, dict):
        return {key: integers(each) for key, each in value.items()}
    return value % 2**63 if isinstance(value, int) and not isinstance(value, bool) else value


argument = anything.map(integers)
seconds = mostly(st.floats(-600, 0), st.integers(-600, 0), st.floats(0, 2e9), argument)
names = mostly(st.sampled_from(["FAKE", "sensors", "nobody", ""]), argument)
fields = mostly(
    st.lists(mostly(st.sampled_from([name.partition("::")[2] for name in CHANNELS]), argument), max_size=4), argument
)
samples = st.tuples(fields, seconds, seconds, mostly(st.none() | st.floats(0, 60), argument))
PROCEDURES = {
    "consumer.FAKE.get_fields": st.tuples(seconds, seconds),
    "consumer.sensors.get_fields": st.tuples(seconds, seconds),
    "consumer.FAKE.get_data": samples,
    "consumer.sensors.get_data": samples,
    "consumer.FAKE.get_packed": samples,
    "consumer.FAKE.get_last": st.tuples(),
    "consumer.get_data_node": st.tuples(),
    "data_node.add": st.tuples(names, mostly(st.text(max_size=20), argument), mostly(st.integers(1, 2**53), argument)),
    "data_node.claim": st.tuples(names, mostly(st.text(max_size=20), argument)),
    "data_node.holder": st.tuples(names),
    "data_node.subtract": st.tuples(names, mostly(st.integers(1, 2**53), argument)),
}
called = st.sampled_from(list(PROCEDURES)).flatmap(
    lambda procedure: st.tuples(
        st.just(procedure),
        mostly(PROCEDURES[procedure].map(list), st.lists(argument, max_size=5)),
        mostly(st.just({}), st.dictionaries(st.sampled_from(["min_stride", "x", "details"]), argument, max_size=2)),
    )
)


def call_anything(caller):
    @fuzz(1.2)
    @given(called)
    def run(call):
        procedure, arguments, keywords = call
        answer = caller.call(procedure, *arguments, **keywords)
        assert answer.keys() == {"result"} or 0 < len(answer["text"]) < 1000, answer
        assert "Traceback" not in str(answer)
        assert answer.get("error") not in ("none of the router", "wamp.error.no_such_procedure"), answer

    run()


def request_anything(appliance):
    connection = http.client.HTTPConnection("127.0.0.1", appliance.port, timeout=15)

    def ask(method, path, content=None, **headers):
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        return check(answer.status, answer.read(), answer.headers.get_content_type() == "application/json")

    @fuzz(1)
    @given(st.sampled_from(list(BODIES)).flatmap(lambda path: st.tuples(st.just(path), BODIES[path])))
    def post(request):
        path, body = request
        ask("POST", path, json.dumps(body))

    @fuzz(0.5)
    @given(forms)
    def render(form):
        content = urllib.parse.urlencode(form, doseq=True, errors="replace")
        ask("POST", "/render", content, **{"Content-Type": "application/x-www-form-urlencoded"})

    @fuzz(0.3)
    @given(paths)
    def find(query):
        ask("GET", "/metrics/find?" + urllib.parse.urlencode({"query": query}, errors="replace"))

    @fuzz(0.3)
    @given(objects({"field": st.lists(st.sampled_from(CHANNELS), max_size=3)}, points=argument.map(str)))
    def series(arguments):
        ask("GET", "/api/series?" + urllib.parse.urlencode(arguments, doseq=True, errors="replace"))

    try:
        for each in (post, render, find, series):
            each()
    finally:
        connection.close()


@pytest.mark.slow
def test_nothing_that_is_asked_hurts(appliance, router):
    def everything():
        request_anything(appliance)
        for caller in callers:
            call_anything(caller)
        request_anything(appliance)  # beside the nodes that were added

    def held():
        return {part: psutil.Process(child.pid).memory_info().rss for part, child in appliance.children.items()}

    children = dict(appliance.children)
    started = router.log.stat().st_size  # its serializers complain of each other when they are imported
    with Caller(router, "client") as client, Caller(router, "node") as node:
        callers = (client, node)
        everything()
        after = held()
        for _ in range(ROUNDS):
            before = after
            everything()
            after = held()
            growth = {part: after[part] - before[part] for part in after}
            print({part: f"{size / 2**20:.0f} MiB, {growth[part] / 2**10:+.0f} KiB" for part, size in after.items()})
            if max(growth.values()) <= MAX_GROWTH:
                break
    assert {part: child.poll() for part, child in children.items()} == dict.fromkeys(children)
    for part in children:
        assert not problems(appliance.log(part)), appliance.log(part)[-3000:]
    assert not problems(router.log.read_bytes()[started:].decode(errors="replace"))
    assert {part: size for part, size in growth.items() if size > MAX_GROWTH} == {}
    assert appliance.wait_for_values("FAKE")
    assert "FAKE::channel_00" in appliance.get("/search")[1]
