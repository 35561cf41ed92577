"""The Lake Shore 336, a temperature controller: a driver only, for labs that run socs's agent of it by ``livemon_ocs_agents``."""
