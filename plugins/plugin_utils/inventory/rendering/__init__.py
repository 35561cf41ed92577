"""What an inventory is rendered to: files and lists for the roles."""
