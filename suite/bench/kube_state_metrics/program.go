//go:build tools

// Package program names the one program the benchmark measures against; it is built, never shipped.
package program

import _ "k8s.io/kube-state-metrics/v2"
