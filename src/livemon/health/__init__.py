"""Whether the appliance is well: limits, signs of life, and the dead-man's switch."""
