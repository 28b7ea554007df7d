//go:build tools

// Package program names the programs that are built of it: a server of another make, and what runs rules on it.
package program

import (
	_ "github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics"
	_ "github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert"
)
