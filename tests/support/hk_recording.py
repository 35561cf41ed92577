"""A recorder of which the test moves the clock, and so3g as the referee of what it wrote."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REFEREE = Path(os.environ.get("LIVEMON_REFEREE_PYTHON", ROOT / ".venv/referee/bin/python"))
START = 1_700_000_000.25
FEED = {
    "address": "observatory.fake.feeds.temps",
    "session_id": "1699999999.5",
    "record": True,
    "agg_params": {},
}
FIELD = "observatory.fake.feeds.temps.a"

READ_WITH_SO3G = """
import json, sys
from so3g import hk
fields, start, end, directories = json.loads(sys.stdin.read())
def read(directory):
    found = hk.load_range(start, end, fields=fields, data_dir=directory)
    return {name: [list(times), list(map(str, values))] for name, (times, values) in found.items()}
print(json.dumps(list(map(read, directories))))
"""


def so3g_load(fields, start, end, data_dir):
    """What so3g's load_range finds, ``{field: [times, values as text]}``; of all fields if `fields` is None."""
    (found,) = so3g_load_each(fields, start, end, [data_dir])
    return found


def so3g_load_each(fields, start, end, directories):
    """The same for several archives; so3g is started once."""
    if not REFEREE.exists():
        pytest.fail(f"{REFEREE} is missing: run `make venv-referee`")
    answer = subprocess.run(
        [REFEREE, "-W", "ignore", "-c", READ_WITH_SO3G],
        input=json.dumps([fields, start, end, list(map(str, directories))]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.splitlines()[-1])


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


def publish(recorder, clock, seconds=1, feed=FEED, block="temps", **columns):
    """One message a second, with the columns' values one by one, and a turn of the recorder after each."""
    values = columns or {"a": [float(second) for second in range(seconds)]}
    for row in range(len(next(iter(values.values())))):
        clock.now += 1.0
        data = {key: [column[row]] for key, column in values.items()}
        recorder.add({block: {"block_name": block, "timestamps": [clock.now], "data": data}}, feed)
        recorder.run()
