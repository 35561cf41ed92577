"""Lake Shore Model 240 and Model 372: their protocol, and simulators of them on a toy cryostat.

Only :mod:`~livemon.lakeshore.server`, :mod:`~livemon.lakeshore.pseudoterminal`, :mod:`~livemon.lakeshore.line` and
:mod:`~livemon.lakeshore.control` do I/O; of the others, bytes and times go in, bytes come out.

::

    server ── Conversation ── Instrument ─┬─ Model240 ─────────────┬─ Sensor ── Cryostat
    (sockets, (messages)     (the table   └─ Model372 ─┬─ Scanner ─┤
     pty)                     of commands)             ├─ Output   └─ Curve
       └────── Faults ───────────┘                     └─ Setting
    control

Times are seconds since the simulator was switched on, on a clock that never goes back.
"""
