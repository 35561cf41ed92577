"""Names for ever: the fields of a Lake Shore 372 are numbered by channel, whatever its front panel calls them.

socs names them by the channel's INNAME: two channels with one name would merge, and a rename on the panel would split a
sensor's history. Pinned, channel 1 is ``Channel_01_T``, ``Channel_01_R`` in block ``Channel_01``.

Beside that, an address may carry a port, ``host:port``; the instrument itself always listens on 7777.
"""

from __future__ import annotations

from socs.agents.lakeshore372 import agent
from socs.Lakeshore import Lakeshore372

from livemon.agents import reading_status

PORT = 7777


class PinnedChannel(Lakeshore372.Channel):
    """A channel whose name is its number; the front panel's is kept as `front_panel_name`."""

    front_panel_name = ""

    @property
    def name(self) -> str:
        """``Channel_01`` to ``Channel_16``, and ``Channel_A`` for the control input."""
        number = self.channel_num
        return f"Channel_{number:02d}" if isinstance(number, int) else f"Channel_{number}"

    @name.setter
    def name(self, front_panel_name: str) -> None:
        self.front_panel_name = front_panel_name


class AddressedLS372(Lakeshore372.LS372):
    """A 372 whose address may carry a port."""

    def __init__(self, ip_address: str, port: int = PORT, timeout: float = 10, num_channels: int = 16) -> None:
        host, colon, given = ip_address.rpartition(":")
        if colon and given.isdigit():
            ip_address, port = host, int(given)
        super().__init__(ip_address, port, timeout, num_channels)


def pin_names() -> None:
    """Let socs's 372 agent of this process use the classes above."""
    Lakeshore372.Channel = PinnedChannel
    agent.LS372 = AddressedLS372
    reading_status.install()
