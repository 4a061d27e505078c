// Package observe holds the alarms and dashboards with which operators watch Koppi, and the
// configuration around them. They may only name metrics that exist: the package's tests compare
// them with the code, and an end-to-end test queries a real Prometheus.
package observe

import "embed"

// Dashboards are dashboards for Grafana, one in each file.
//
//go:embed grafana/dashboards/*.json
var Dashboards embed.FS

// Panel is one panel of a dashboard, as far as it queries metrics.
type Panel struct {
	Title   string
	Targets []struct{ Expr string }
}

// Dashboard is a Grafana dashboard.
type Dashboard struct {
	UID    string
	Panels []Panel
}
