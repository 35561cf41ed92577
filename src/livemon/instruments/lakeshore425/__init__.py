"""The Lake Shore 425: one Hall probe, read in gauss, over USB."""
