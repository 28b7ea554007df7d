"""The kinds that are exported unless `--kinds` says otherwise, by names that are unique in any cluster."""

DEFAULT_KINDS = (
    "deployments.apps",
    "replicasets.apps",
    "daemonsets.apps",
    "statefulsets.apps",
    "jobs.batch",
    "pods",
    "nodes",
    "horizontalpodautoscalers.autoscaling",
    "poddisruptionbudgets.policy",
    "persistentvolumeclaims",
    "namespaces",
    "resourcequotas",
    "replicationcontrollers",
)
# What people type, and the name that is unique in any cluster.
FULL_NAMES = {name.partition(".")[0]: name for name in DEFAULT_KINDS}
