"""kube-api-exporter against the real API server, with chaos in between."""
