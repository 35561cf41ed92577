"""``livemon discover``: which instruments are on USB and in a network, and whether they are those of the inventory.

=================  ==================================================================================================
``identity``       what an instrument replies to ``*IDN?``, picked out of whatever arrives
``subnets``        which addresses may be asked
``network``        asks them: bounded in rate and number of connections
``usb``            what sysfs says, and asking on a serial line
``site``           what the inventory says, as rendered on the monitor
``found``          an instrument and where it is
``search``         looks everywhere, also at what the agents know
``comparison``     one sentence for each difference between the two
``inventory``      lines to be pasted
=================  ==================================================================================================

Nothing but ``*IDN?`` is ever sent. An instrument whose agent runs is left alone: a Model 372 accepts two connections and refuses
any further one (its manual, section 6.4.3), so that asking it could keep out who else uses it.
"""
