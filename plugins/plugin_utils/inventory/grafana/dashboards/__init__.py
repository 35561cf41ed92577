"""Grafana's dashboards, from the inventory: the overview, one for each instrument, the appliance's health."""
