"""nodes.yaml: what is wrong in it is told with its place, and costs nothing that runs."""

import pytest

from livemon.nodehost import NodeHost
from livemon.errors import ConfigError
from livemon.nodes.configuration import Follower, read_entries

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
        ("nodes: [{kind: feed, name: a, target: 2026-13-45}]", "is no YAML: month must be in 1..12"),
        ("nodes: [{kind: feed", "is no YAML"),
        (b"\xff\xfe\x00", "is no YAML"),
        ("nodes: {}", "write nodes:"),
    ],
)
def test_a_fault_is_told_with_its_place(text, fault):
    with pytest.raises(ConfigError) as raised:
        read_entries(text, "nodes.yaml")
    assert str(raised.value).startswith("nodes.yaml")
    assert fault in str(raised.value)


def test_a_file_that_cannot_be_read_leaves_the_nodes_and_is_followed_on(tmp_path):
    path = tmp_path / "nodes.yaml"
    path.write_text(FEED)
    host = NodeHost()
    follower = Follower(host, path)
    follower._look()
    served = dict(host.nodes)
    assert list(served) == ["LSA21OQ"]
    for content in (b"\xff\xfe\x00", b"nodes: [{kind: feed, name: a, target: 2026-13-45}]"):
        path.write_bytes(content)
        follower._look()
        assert host.nodes == served
    path.write_text(FEED.replace("LSA21OQ", "OTHER"))
    follower._look()
    assert list(host.nodes) == ["OTHER"]
