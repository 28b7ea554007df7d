"""The throw-away Prometheus: samples in with their own timestamps, the truth of PromQL out.

with engine.started() as prometheus:
prometheus.write(series)
prometheus.ask("up == 0", start=t0, end=t1, step=15)
"""

from alertdrill.engine.engine import Engine, end_all, started
from alertdrill.engine.evaluate import Alert, Evaluated, Instance, Window, evaluate

__all__ = ["Alert", "Engine", "Evaluated", "Instance", "Window", "end_all", "evaluate", "started"]
