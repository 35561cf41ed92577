"""A recorder whose clock a test moves."""

START = 1_700_000_000.25
FEED = {
    "address": "observatory.fake.feeds.temps",
    "session_id": "1699999999.5",
    "record": True,
    "agg_params": {},
}
FIELD = "observatory.fake.feeds.temps.a"


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
