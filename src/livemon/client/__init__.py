"""What the operator's commands do: ask the OCS agents over the router's HTTP caller, and the bridge over its own interface."""
