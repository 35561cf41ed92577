"""The node of this machine."""

from livemon.nodes.sensors import SensorsNode


def test_a_reading_that_fails_once_does_not_end_the_sampling(tmp_path):
    disk = tmp_path / "mounted"
    node = SensorsNode("sensors", "This machine", disk=disk)
    node.start()
    try:
        assert node._sampling.running
        assert node.get_last() == {}
        disk.mkdir()
        node.sample()
        assert 0 <= node.get_last()["disk_used"][1] <= 100
    finally:
        node.stop()
