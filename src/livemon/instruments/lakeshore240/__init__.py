"""The Lake Shore 240: eight diodes or resistors, read all at once, over USB or a network."""
