"""The subcommands of ``livemon``: one module each, named like the subcommand, holding the click command ``command``."""
