// Package observe holds what operators watch Koppi with: alarms, dashboards, and what is
// configured around them. They name metrics that there are: its tests hold them to the
// code, and a test end to end asks a real Prometheus.
package observe

import "embed"

// Dashboards for Grafana, one a file.
//
//go:embed grafana/dashboards/*.json
var Dashboards embed.FS

// Panel is one picture of a dashboard, as far as it asks for metrics.
type Panel struct {
	Title   string
	Targets []struct{ Expr string }
}

// Dashboard is one of Grafana's.
type Dashboard struct {
	UID    string
	Panels []Panel
}
