"""Samples of a feed between two frames."""

import pytest

from livemon.hkarchive.samples import MalformedMessageError, Provider, parse

NOW = 1_700_000_000.0


def message(times, name="temps", **columns):
    return {name: {"block_name": name, "timestamps": list(times), "data": columns, "influxdb_tags": None}}


@pytest.fixture
def provider():
    return Provider("observatory.fake.feeds.temps", lambda: NOW + 1000)


def columns_of(provider):
    return {
        name: (list(block.times), {field: list(column) for field, column in block.columns.items()})
        for name, block in provider.take().items()
    }


def test_numbers_are_float64_whatever_they_were(provider):
    provider.add(parse(message([NOW, NOW + 1], a=[1, 2.5], b=[3, 4])))
    provider.add(parse(message([NOW + 2], a=[7], b=[0.5])))
    assert columns_of(provider) == {
        "temps": ([NOW, NOW + 1, NOW + 2], {"a": [1.0, 2.5, 7.0], "b": [3.0, 4.0, 0.5]}),
    }
    assert provider.empty


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.5, True], {"a": [1.5, 1.0]}),
        ([True, 1.5], {"a": [True], "a_number": [1.5]}),
        (["on", 2], {"a": ["on"], "a_number": [2.0]}),
        ([2, "on"], {"a": [2.0], "a_text": ["on"]}),
        ([2, None], {"a": [2.0]}),
        ([1, [1, 2]], {"a": [1.0], "a_text": ["[1, 2]"]}),
    ],
    ids=["bool in numbers", "number in bools", "number in texts", "text in numbers", "nothing", "a list"],
)
def test_no_value_is_lost_when_a_field_changes_its_kind(provider, values, expected):
    for second, value in enumerate(values):
        provider.add(parse(message([NOW + second], a=[value])))
    found = {}
    for _, columns in columns_of(provider).values():
        found |= columns
    assert found == expected
    for name, column in found.items():
        assert len({type(value) for value in column}) == 1, name


@pytest.mark.parametrize("first", ["state", "state_text"])
def test_a_value_of_another_kind_is_not_archived_as_a_field_of_the_agents_own(provider, first):
    """The agent's `state_text` read "unknown", or lost that, because `state` was no number once."""
    for second, state in enumerate([3, "unknown", 4]):
        data = {"state": [state], "state_text": ["fine"]}
        provider.add(parse(message([NOW + second], **{first: data.pop(first)}, **data)))
    found = {}
    for block in provider.take().values():
        for name, column in block.columns.items():
            found.setdefault(name, []).extend(column)
    assert found == {"state": [3.0, 4.0], "state_text": ["fine"] * 3, "state_text_text": ["unknown"]}


def test_a_field_of_the_agents_own_that_comes_late_is_not_merged_with_one_that_we_named(provider):
    provider.add(parse(message([NOW, NOW + 1], a=[1, "off"])))
    provider.add(parse(message([NOW + 2, NOW + 3], a=[2, "on"], a_text=["own", "own"])))
    found = {}
    for block in provider.take().values():
        for name, column in block.columns.items():
            found.setdefault(name, []).extend(column)
    assert found == {"a": [1.0, 2.0], "a_text": ["off", "on"], "a_text_text": ["own", "own"]}


def test_mixed_kinds_in_one_message_are_told_apart(provider):
    provider.add(parse(message([NOW, NOW + 1, NOW + 2], a=[1, "off", 2], b=[1.0, 2.0, 3.0])))
    assert columns_of(provider) == {
        "temps": ([NOW, NOW + 2], {"a": [1.0, 2.0], "b": [1.0, 3.0]}),
        "temps_2": ([NOW + 1], {"a_text": ["off"], "b": [2.0]}),
    }


def test_another_set_of_fields_gets_its_own_block(provider):
    provider.add(parse(message([NOW], a=[1.0])))
    provider.add(parse(message([NOW + 1], a=[2.0], b=[3.0])))
    provider.add(parse(message([NOW + 2], a=[4.0])))
    assert columns_of(provider) == {
        "temps": ([NOW, NOW + 2], {"a": [1.0, 4.0]}),
        "temps_2": ([NOW + 1], {"a": [2.0], "b": [3.0]}),
    }


@pytest.mark.parametrize("native_first", [True, False])
def test_a_block_of_the_agents_own_keeps_out_of_one_that_we_named(provider, native_first):
    """`temps_2` may be the agent's own, or the second set of fields of `temps`."""
    native = message([NOW], "temps_2", x=[9.0])
    for data in [native] * native_first + [message([NOW], a=[1.0]), message([NOW + 1], a=[2.0], b=[3.0])]:
        provider.add(parse(data))
    if not native_first:
        provider.add(parse(native))
    ours, theirs = ("temps_3", "temps_2") if native_first else ("temps_2", "temps_2_2")
    assert columns_of(provider) == {
        "temps": ([NOW], {"a": [1.0]}),
        ours: ([NOW + 1], {"a": [2.0], "b": [3.0]}),
        theirs: ([NOW], {"x": [9.0]}),
    }


def test_after_a_restart_of_the_agent_its_fields_are_the_first_again(provider):
    provider.add(parse(message([NOW], a=[1.0])))
    provider.take()
    provider.forget_layout()
    provider.add(parse(message([NOW + 1], a=[1.0], b=[2.0])))
    assert list(provider.take()) == ["temps"]


@pytest.mark.parametrize(
    ("times", "duplicates"),
    [([5, 6], 0), ([4, 5, 6], 1), ([3, 4], 1), ([4], 1), ([6, 5, 7, 7, 8], 1)],
    ids=["newer", "overlapping", "older and the same", "the same", "unordered"],
)
@pytest.mark.parametrize("taken", [True, False])
def test_a_sample_is_a_duplicate_only_if_its_time_and_its_values_are_known(provider, times, duplicates, taken):
    provider.add(parse(message([NOW + 4], a=[4.0], b=[float("nan")])))
    if taken:
        assert list(provider.take()) == ["temps"]
    values = [float(time) for time in times]
    provider.add(parse(message([NOW + time for time in times], a=values, b=[float("nan")] * len(times))))
    found = [row for block in provider.take().values() for row in zip(block.times, block.columns["a"], strict=True)]
    known = {4} if taken else set()
    assert sorted(found) == [(NOW + time, float(time)) for time in sorted({4, *times} - known)]
    assert provider.duplicates == duplicates
    provider.add(parse(message([NOW + 4], a=[-4.0], b=[0.0])))
    assert [columns["a"] for _, columns in columns_of(provider).values()] == [[-4.0]], "another value is another sample"


def test_blocks_of_one_feed_have_times_of_their_own(provider):
    provider.add(parse(message([NOW + 5], "Channel_01", a=[1.0]) | message([NOW + 1], "Channel_02", b=[1.0])))
    assert provider.duplicates == 0
    assert set(provider.take()) == {"Channel_01", "Channel_02"}


@pytest.mark.parametrize("step", [0.5, 5, 11, 60, 600, 1e8])
def test_a_clock_that_is_set_back_begins_a_block_of_its_own(provider, step):
    provider.add(parse(message([NOW + 900, NOW + 901], a=[1.0, 2.0])))
    provider.add(parse(message([NOW + 901.25 - step, NOW + 902 - step], a=[3.0, 4.0])))
    assert columns_of(provider) == {
        "temps": ([NOW + 900, NOW + 901], {"a": [1.0, 2.0]}),
        "temps_2": ([NOW + 901.25 - step, NOW + 902 - step], {"a": [3.0, 4.0]}),
    }
    assert (provider.duplicates, provider.samples) == (0, 4)
    assert provider.last_time == NOW + 902 - step
    provider.add(parse(message([NOW + 903], a=[5.0])))
    assert [times for times, _ in columns_of(provider).values()] == [[NOW + 903]]


def test_a_stamp_of_the_future_is_kept_apart(provider):
    provider.add(parse(message([NOW], a=[1.0])))
    for ahead in (1e8, 2e8):
        provider.add(parse(message([NOW + ahead], a=[2.0])))
        provider.add(parse(message([NOW + ahead / 1e8], a=[3.0])))
    assert columns_of(provider) == {
        "temps": ([NOW, NOW + 1, NOW + 2], {"a": [1.0, 3.0, 3.0]}),
        "temps_2": ([NOW + 1e8, NOW + 2e8], {"a": [2.0, 2.0]}),
    }


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ([], "the data is a list"),
        ({"temps": {"timestamps": [1.0]}}, "block 'temps': KeyError: 'data'"),
        ({"temps": {"timestamps": [1.0, 2.0], "data": {"a": [1]}}}, "2 times, but columns of [1] values"),
        ({"temps": {"timestamps": ["x"], "data": {"a": [1]}}}, "could not convert string to float"),
        ({"temps": {"timestamps": [NOW, float("inf")], "data": {"a": [1, 2]}}}, "inf is not a time in UNIX seconds"),
        ({"temps": {"timestamps": [float("nan")], "data": {"a": [1]}}}, "nan is not a time in UNIX seconds"),
        ({"temps": {"timestamps": [NOW * 1000], "data": {"a": [1]}}}, "1700000000000.0 is not a time in UNIX seconds"),
        ({"temps": {"timestamps": [10**400], "data": {"a": [1]}}}, "OverflowError"),
        ({"temps": {"timestamps": 3, "data": {"a": [1]}}}, "not iterable"),
        ({"temps": None}, "TypeError"),
    ],
)
def test_what_is_no_message_is_refused(data, fault):
    with pytest.raises(MalformedMessageError) as caught:
        parse(data)
    assert fault in str(caught.value)


def test_an_empty_block_is_passed_over():
    assert parse(message([], a=[])) == []
