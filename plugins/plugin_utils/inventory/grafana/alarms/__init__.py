"""The alarms of an inventory, from its words to what is judged."""
