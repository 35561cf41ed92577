"""The Lake Shore 370, the 372's predecessor: a driver only, for labs that run socs's agent of it by ``livemon_ocs_agents``."""
