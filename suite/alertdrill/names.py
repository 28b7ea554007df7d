"""The stack's contract: names that rules, manifests, exporters and the harness must agree on.

A drill that looks for another name than the stack uses sees nothing, and nothing is easily taken for silence.
"""

STACK_NAMESPACE = "monitoring"  # in production, and in the labels of a lab wherever its own stack is
LAB_LABEL = "alertdrill.dev/lab"  # on everything of a lab's: its mark
SCENARIO_LABEL = "alertdrill.dev/scenario"  # on a scenario's namespace beside it, and not on the stack's
SPARE_LABEL = "alertdrill.dev/spare"  # on a lab's second node, which is there to be lost; and its taint
# On all of the stack that runs pods: what it was rendered from. Another value means it must be applied anew.
STACK_ANNOTATION = "alertdrill/stack"
BROKEN = "broken"  # such a value: what runs there must start anew, too
NAMESPACE_PREFIX = "drill-"  # what every scenario's namespace is called first

# Labels of series and alerts.
NAMESPACE_LABEL = "exported_namespace"  # of the object that a series is about
TARGET_NAMESPACE_LABEL = "namespace"  # of the pod that was scraped
# Say where a series was scraped; the others say what it is about.
TARGET_LABELS = frozenset({"instance", TARGET_NAMESPACE_LABEL, "node", "pod"})

SPEED = 22.0  # how many times as fast as life a lab is, unless it is asked for another

CANARY = "Watchdog"  # the alert that always fires
PODS_JOB = "kubernetes-pods"  # the scrape configuration of all pods, the exporters among them
SCRAPE_ANNOTATION = "prometheus.io/scrape"  # what that job goes by

FAILING_GROUP = "failing"  # of rules that ride along in a drill, to fail on purpose
RULES = "rules"  # what such a scenario touches
ALERTMANAGER = "alertmanager"
APISERVER = "apiserver"
EXPORTER = "kube-api-exporter"
KUBELET = "kubelet"
NODE_EXPORTER = "prom-node-exporter"
PROMETHEUS = "prometheus"

# What of a lab a scenario may disturb, with the jobs that may be down meanwhile. Whoever relies on it waits.
TOUCHABLE: dict[str, frozenset[str]] = {
    ALERTMANAGER: frozenset({"monitoring/alertmanager"}),
    # A kubelet asks it who it is that scrapes.
    APISERVER: frozenset({"kubernetes-apiserver", "kubernetes-nodes", "kubernetes-cadvisor"}),
    "controllers": frozenset(),
    KUBELET: frozenset({"kubernetes-nodes", "kubernetes-cadvisor"}),
    EXPORTER: frozenset({"monitoring/kube-api-exporter"}),
    NODE_EXPORTER: frozenset({"monitoring/prom-node-exporter"}),
    PROMETHEUS: frozenset(),
    "prometheus-configuration": frozenset(),
    RULES: frozenset(),
}
# Without these every scenario goes on, but for one that touches them, too. The kubelet is the spare node's.
SPARED = frozenset({ALERTMANAGER, KUBELET, NODE_EXPORTER, "prometheus-configuration", RULES})

# Metrics of kube-api-exporter.
REPLICAS = "k8s_deployment_spec_replicas"  # every Deployment has it, at all times
AVAILABLE = "k8s_deployment_status_availableReplicas"
# Of each kind that runs pods, one that every object of it has at all times. CronJobs are not told of unasked.
SIGHTS = {
    "DaemonSet": "k8s_daemonset_status_desiredNumberScheduled",
    "Deployment": REPLICAS,
    "Job": "k8s_job_metadata_generation",
    "Pod": "k8s_pod_spec_terminationGracePeriodSeconds",
    "ReplicaSet": "k8s_replicaset_spec_replicas",
    "StatefulSet": "k8s_statefulset_spec_replicas",
}
# How many of its pods are there; a metric that counts none may be missing.
PRESENT = {
    "DaemonSet": "k8s_daemonset_status_numberAvailable",
    "Deployment": AVAILABLE,
    "StatefulSet": "k8s_statefulset_status_readyReplicas",
}
RESTARTS = "k8s_pod_status_restartCount"
GENERATION_SUFFIX = "_metadata_generation"  # a metric of each kind; counts up with every change of a spec

# What the kubelet does to a container that crashes at once, on every node of the world: one restart in 300 s
# at most.
RESTART_SECONDS = 300.0
# Up to a third faster or slower makes no difference to a rule that is not on the edge itself.
RESTART_SECONDS_LOW, RESTART_SECONDS_HIGH = 200.0, 400.0
# The kubelet's own worker back-off adds about this much to the crash-loop cap, however low the cap is.
RESTART_OVERHEAD_SECONDS = 10.0
SCRAPE_DURATION = "scrape_duration_seconds"  # Prometheus' own, of each target
LOOKBACK_SECONDS = 300.0  # Prometheus' own default
RESEND_SECONDS = 60.0  # Prometheus' own default: an alert that goes on is told to Alertmanager so often
