"""The log directory of a Bluefors dilution refrigerator: the format of its files, and a simulator that writes them."""
