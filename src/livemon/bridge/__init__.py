"""The Flask bridge from data nodes to HTTP: SimpleJson, Graphite, quick-look page."""
