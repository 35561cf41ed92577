"""What several instruments share: the protocol of Lake Shore's instruments, simulators' parts on a toy cryostat, agents' connections.

Of the simulators' modules only :mod:`~livemon.instruments.common.server`, :mod:`~livemon.instruments.common.pseudoterminal`,
:mod:`~livemon.instruments.common.line` and :mod:`~livemon.instruments.common.control` do I/O; into the others go bytes and times,
and out come bytes.

::

    server ── Conversation ── Instrument ─┬─ Model240 ─────────────┬─ Sensor ── Cryostat
    (sockets, (messages)     (the table   └─ Model372 ─┬─ Scanner ─┤
     pty)                     of commands)             ├─ Output   └─ Curve
       └────── Faults ───────────┘                     └─ Setting
    control

Times are seconds since the simulator was switched on, on a clock that never goes back.

:mod:`~livemon.instruments.common.connection` is the agents' end of the line, in place of what socs's drivers open themselves.
"""
