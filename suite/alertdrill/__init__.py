"""A fire drill for Prometheus alerts on Kubernetes."""
