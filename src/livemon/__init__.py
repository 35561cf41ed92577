"""livemon: the Python that runs on the live-monitoring appliance."""

__version__ = "0.1.0"
