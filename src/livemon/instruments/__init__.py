"""Instruments, one folder each: their facts, their simulator, and what livemon changes in their OCS agent and driver.

Every folder with a ``facts.py`` is an instrument that an inventory can have; no list names it anywhere else
(:mod:`~livemon.instruments.folders`). A folder may have

=================  ==================================================================================================
``facts.py``       ``MODEL``, a :class:`~livemon.instruments.model.Model`; read by Ansible too, so it imports the standard
                   library and ``..model`` only
``simulator.py``   ``SIMULATOR``, a subclass of :class:`~livemon.instruments.common.instrument.Instrument`
``agent.py``       ``adapt()``: changes the agent's classes in memory, before the agent starts
``driver.py``      ``MODULE``, ``CONSTRUCTOR`` and ``frame()``: puts the driver on a connection that gives each query its
                   own reply (:mod:`livemon.agents.drivers`)
=================  ==================================================================================================

Those without ``facts.py`` are instruments whose drivers livemon mends for labs that run their agents by ``livemon_ocs_agents``.
What several instruments share is in :mod:`livemon.instruments.common`. CONTRIBUTING.md shows how to add one.
"""
