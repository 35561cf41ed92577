"""What Grafana is provisioned with: alarms, notifications and dashboards."""
