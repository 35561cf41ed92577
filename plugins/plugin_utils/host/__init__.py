"""What stands in a machine's way to become a monitor, judged by what roles/preflight has read on it."""
