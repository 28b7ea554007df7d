"""API server → metrics: every number and boolean of every object, from watches, rendered once per event."""
