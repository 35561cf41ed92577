"""The Lake Shore 372: an AC resistance bridge that scans sixteen inputs and drives heaters, over a network."""
