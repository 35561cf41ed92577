"""The alarms of the appliance, judged over every sample: no Twisted, no sockets. docs/decisions/0025-alarms-in-the-bridge.md."""
