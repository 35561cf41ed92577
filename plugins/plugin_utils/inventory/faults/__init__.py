"""Every check of an inventory, of its files, and of what a lab brings along; inventory.py has the table of settings and checks."""
