"""The sisock side: the router, the hub, data nodes and the process that serves them. docs/data-nodes.md."""
