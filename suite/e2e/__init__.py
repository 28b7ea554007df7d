"""The tests that need a cluster."""
