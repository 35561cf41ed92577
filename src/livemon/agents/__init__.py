"""OCS agents: the launcher of any agent class and the aggregator."""
