"""Lake Shore 240 and 372: protocol without I/O, toy cryostat, simulators."""
