"""kube-api-exporter against kube-state-metrics and against a plain list at scrape, on one real API server."""
