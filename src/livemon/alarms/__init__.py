"""The alarms of the appliance, judged over every sample: no Twisted, no sockets. docs/decisions/0026-alarms-in-the-bridge.md."""
