"""What an inventory is rendered to, apart from Grafana: files and lists for the roles, and texts for the user."""
