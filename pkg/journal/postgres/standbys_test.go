package postgres

import (
	"maps"
	"testing"

	"go.opentelemetry.io/otel"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"koppi.internal/pkg/telemetry"
)

// The standbys of each service are measured under its name, so that a service without a standby is
// not hidden by another that has one.
func TestStandbysByService(t *testing.T) {
	reader := sdk.NewManualReader()
	before := otel.GetMeterProvider()
	otel.SetMeterProvider(sdk.NewMeterProvider(sdk.WithReader(reader)))
	t.Cleanup(func() { otel.SetMeterProvider(before) })
	safe, alone := newServerPair(t), newSingleServer(t)
	// Otherwise the role sees only that there is a standby.
	safe.primary.Exec("GRANT pg_read_all_stats TO koppi_test")
	safe.config.Service, alone.config.Service = "concern", "plan"
	safe.open(t)
	alone.open(t)
	var read metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &read); err != nil {
		t.Fatal(err)
	}
	measured := map[string]float64{}
	for _, scope := range read.ScopeMetrics {
		for _, one := range scope.Metrics {
			if gauge, is := one.Data.(metricdata.Gauge[float64]); is && one.Name == "koppi.journal.standbys" {
				for _, point := range gauge.DataPoints {
					service, _ := point.Attributes.Value(telemetry.KeyService)
					measured[service.AsString()] = point.Value
				}
			}
		}
	}
	if want := map[string]float64{"concern": 1, "plan": 0}; !maps.Equal(measured, want) {
		t.Errorf("measured is %v, want %v", measured, want)
	}
}
