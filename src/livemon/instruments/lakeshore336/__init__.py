"""The Lake Shore 336: a temperature controller with four or eight inputs and two heaters, over a network."""
