"""Every error that livemon raises on purpose.

::

    LivemonError
    ├── ConfigError        an environment variable or a file: says which key, what is wrong, what to write
    ├── RequestError       what a caller asked for cannot be answered as asked (HTTP 4xx)
    │   ├── UnknownFieldError  no data node has that field
    │   ├── ForbiddenError     it does not come from who may ask for it
    │   └── TimeRangeError     a reversed or unreadable time range
    ├── RouterError        the WAMP router, or who should answer behind it, cannot be reached
    ├── NodeError          the data nodes of this machine do not answer on their socket
    ├── GrafanaError       Grafana does not answer, or refuses what it is asked
    ├── NotificationError  a message of livemon's own does not arrive
    ├── BackupError        a backup of Grafana is missing, damaged or does not fit
    ├── ArchiveError       a file of the house-keeping archive cannot be read or repaired
    └── DeviceError        an instrument or its simulator
"""


def shown(value: object, length: int = 80) -> str:
    """Return user input so that it can be quoted in a sentence: quoted, without control characters, cut to `length`."""
    return repr(value if not isinstance(value, str) else value[:length])[:length]


class LivemonError(Exception):
    """Base of the tree; its text is one sentence for the person who can mend the fault."""


class ConfigError(LivemonError):
    """An environment variable or a file is missing or malformed."""


class RequestError(LivemonError):
    """A request that cannot be answered as it was asked."""


class UnknownFieldError(RequestError):
    """No data node has the field."""


class ForbiddenError(RequestError):
    """The request lacks the secret that it needs."""


class TimeRangeError(RequestError):
    """A time range is reversed or unreadable."""


class RouterError(LivemonError):
    """The WAMP router, or the peer behind it, does not answer."""


class NodeError(LivemonError):
    """The data nodes of this machine do not answer on their socket."""


class NotificationError(LivemonError):
    """A message that livemon itself sends does not arrive."""


class GrafanaError(LivemonError):
    """Grafana does not answer (`status` is `None`), or refuses what it is asked (`status` is that of HTTP)."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class BackupError(LivemonError):
    """A backup of Grafana is missing, damaged or does not fit."""


class ArchiveError(LivemonError):
    """A file of the house-keeping archive cannot be read or repaired."""


class DeviceError(LivemonError):
    """An instrument or its simulator cannot do what it is asked."""
