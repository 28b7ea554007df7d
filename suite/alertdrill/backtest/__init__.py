"""Rules before the past of a Prometheus that has run: what they would have said, and how sure that is."""
