"""The Lake Shore 370: sixteen resistors, read one after the other, over RS-232."""
