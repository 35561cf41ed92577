"""Why a machine cannot become a monitor, from what roles/preflight has read on it."""
