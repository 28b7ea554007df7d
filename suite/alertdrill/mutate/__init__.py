"""Rules damaged in every small way, to see who notices: rule tests, recordings, scenarios."""
