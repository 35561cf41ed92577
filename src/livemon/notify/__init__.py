"""livemon's own notifications, for where Grafana does not notify: docs/decisions/0039-livemon-notifies-by-itself.md."""
