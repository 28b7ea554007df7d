//go:build tools

// Package program names the one program that is built of it, where its image can not be pulled.
package program

import _ "k8s.io/kube-state-metrics/v2"
