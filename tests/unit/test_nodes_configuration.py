"""nodes.yaml: what is wrong in it is reported with its place, and affects nothing that runs."""

import pytest

from livemon.errors import ConfigError
from livemon.nodes.configuration import Follower, read_entries
from livemon.sisock.nodehost import NodeHost

FEED = "nodes: [{kind: feed, name: LSA21OQ, target: ls240}]"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("nodes: [{kind: [feed], name: a}]", "nodes[0]: write kind: feed or kind: sensors"),
        ("nodes: [{kind: feed, name: a}]", "'target'"),
        ("nodes: [{kind: feed, name: a, target: x, colour: red}]", "'colour'"),
        ("nodes: [{kind: feed, name: a b, target: x}]", "nodes[0]: name is 'a b': write letters, digits, - and _"),
        ("nodes: [{kind: feed, name: a, target: x, feeds: temperatures}]", "feeds is 'temperatures': write a list"),
        ("nodes: [{kind: feed, name: a, target: x, window: 1h}]", "window is '1h': write seconds"),
        ("nodes: [{kind: feed, name: a, target: x, labels: ab}]", "labels is 'ab': write a text for each field"),
        ("nodes: [{kind: feed, name: a, target: 2026-13-45}]", "is not valid YAML: month must be in 1..12"),
        ("nodes: [{kind: feed", "is not valid YAML"),
        (b"\xff\xfe\x00", "is not valid YAML"),
        ("nodes: {}", "write nodes:"),
        ("nodes: [{kind: textfiles, name: a, columns: [x]}]", "'directory'"),
        ("nodes: [{kind: textfiles, name: a, directory: /d, columns: x}]", "columns is 'x': write a list of names"),
        ("nodes: [{kind: textfiles, name: a, directory: /d, columns: [x, X]}]", "columns is"),
        ("nodes: [{kind: textfiles, name: a, directory: /d, columns: [{label: x}]}]", "columns is"),
        ("nodes: [{kind: textfiles, name: a, directory: /d, columns: [null]}]", "columns is"),
        ("nodes: [{kind: textfiles, name: a, directory: /d, columns: [x], pattern: ../*}]", "pattern is '../*'"),
        (
            "nodes: [{kind: textfiles, name: a, directory: /d, columns: [x], time_zone: Europe/Amstredam}]",
            "time_zone is 'Europe/Amstredam': write a name of the IANA database such as Europe/Amsterdam",
        ),
        (
            "nodes: [{kind: textfiles, name: a, directory: /d, columns: [x], time_format: '%Q'}]",
            "time_format is '%Q'",
        ),
        (
            "nodes: [{kind: textfiles, name: a, directory: /d, columns: [x], time_format: hours}]",
            "time_format is 'hours'",
        ),
        ("nodes: [{kind: weather, name: a, disk: /}]", "'disk'"),
    ],
)
def test_a_fault_is_reported_with_its_place(text, fault):
    with pytest.raises(ConfigError) as raised:
        read_entries(text, "nodes.yaml")
    assert str(raised.value).startswith("nodes.yaml")
    assert fault in str(raised.value)


def test_a_file_that_cannot_be_read_leaves_the_nodes_and_is_followed_on(tmp_path):
    path = tmp_path / "nodes.yaml"
    path.write_text(FEED)
    host = NodeHost()
    follower = Follower(host, path)
    follower.check()
    served = dict(host.nodes)
    assert list(served) == ["LSA21OQ"]
    for content in (b"\xff\xfe\x00", b"nodes: [{kind: feed, name: a, target: 2026-13-45}]"):
        path.write_bytes(content)
        follower.check()
        assert host.nodes == served
    path.write_text(FEED.replace("LSA21OQ", "OTHER"))
    follower.check()
    assert list(host.nodes) == ["OTHER"]


def test_a_label_that_changes_leaves_the_node_and_a_target_that_changes_does_not(tmp_path):
    path = tmp_path / "nodes.yaml"
    path.write_text(FEED)
    host = NodeHost()
    follower = Follower(host, path)
    follower.check()
    before = host.nodes["LSA21OQ"]
    path.write_text(FEED.replace("target", "labels: {a: 4K plate}, target"))
    follower.check()
    assert host.nodes["LSA21OQ"] is before
    assert before.labels == {"a": "4K plate"}
    path.write_text(FEED.replace("ls240", "other"))
    follower.check()
    assert host.nodes["LSA21OQ"] is not before
    assert host.nodes["LSA21OQ"].target == "other"


def test_every_kind_is_made_from_its_entry():
    entries = read_entries(
        """
        nodes:
          - {kind: feed, name: a, target: x}
          - {kind: sensors, name: b, disk: /}
          - {kind: agents, name: c}
          - {kind: weather, name: d, description: Synthetic}
          - kind: textfiles
            name: e
            directory: /d
            pattern: "*.csv"
            separator: ","
            time_format: iso
            time_zone: Europe/Amsterdam
            columns: [x, null, {name: y, units: K}]
        """,
        "nodes.yaml",
    )
    assert list(entries) == list("abcde")
