"""Grafana's dashboards, from the inventory: the overview, one for each instrument, other channels, the appliance itself."""
