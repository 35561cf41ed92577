"""The alarms of the appliance, judged over the nodes' samples: no Twisted, no sockets. docs/decisions/0025-alarms-in-the-bridge.md."""
