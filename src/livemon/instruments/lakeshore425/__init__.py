"""The Lake Shore 425, a gaussmeter: a driver only, for labs that run socs's agent of it by ``livemon_ocs_agents``."""
