"""How hard the property-based tests look: `--hypothesis-profile=nightly` for 100,000 examples each."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "nightly", max_examples=100_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
