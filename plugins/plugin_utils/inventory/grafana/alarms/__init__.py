"""The alarms of an inventory: what it asks for (requested.py), and what is judged (equipment.py, appliance.py)."""
