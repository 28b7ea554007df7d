"""Fakes that our own tests use, shipped for other people's: a clock that is moved, a Kube, a Prometheus."""

from alertdrill.testing.clock import ManualClock
from alertdrill.testing.kube import FakeKube
from alertdrill.testing.prometheus import FakePrometheus

__all__ = ["FakeKube", "FakePrometheus", "ManualClock"]
