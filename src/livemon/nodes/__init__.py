"""The data nodes of the appliance."""
