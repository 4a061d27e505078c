package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

// scrapeTime is the timeout for collecting metrics, and for the header of the request.
const scrapeTime = 10 * time.Second

// ready says that this process serves calls.
var ready atomic.Bool

// Ready lets readiness probes succeed until the context ends.
func Ready(ctx context.Context) {
	ready.Store(true)
	context.AfterFunc(ctx, func() { ready.Store(false) })
}

// scraped serves metrics at an address until it is stopped. Metrics contain counts, names of agencies and
// names of methods, and nothing about persons. So they need no token, but a network that only Prometheus and
// probes can reach.
func scraped(ctx context.Context, address string, logger *slog.Logger) (metric.Reader, func(context.Context) error, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return nil, nil, fmt.Errorf("--metrics: %w", err)
	}
	var plain net.ListenConfig
	listener, err := plain.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, nil, fmt.Errorf("--metrics: %w", err)
	}
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true, Timeout: scrapeTime, MaxRequestsInFlight: 4}))
	routes.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	routes.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{
		Handler: routes, ReadHeaderTimeout: scrapeTime, ReadTimeout: scrapeTime, WriteTimeout: 2 * scrapeTime,
		ErrorLog: slog.NewLogLogger(Unaddressed(logger.Handler()), slog.LevelWarn),
	}
	go func() { _ = server.Serve(listener) }() // Shutdown ends it
	return reader, server.Shutdown, nil
}
