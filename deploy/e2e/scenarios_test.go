package e2e

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	all "koppi.internal/deploy/suite"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/journal"
)

// instance is a Koppi of its own, in a folder of its own, on a free port.
type instance struct {
	address string
	data    string
	koppi   *allinone.Koppi
	stop    func()
	// broken tells that a test has closed its stores.
	broken bool
}

func start(t *testing.T, clock time.Time) *instance {
	t.Helper()
	return startOf(t, allinone.Config{Clock: clock})
}

// startOf starts an instance, with what is not configured as for any test.
func startOf(t *testing.T, settings allinone.Config) *instance {
	t.Helper()
	if settings.Directory == nil {
		settings.Directory = must(directory.Parse(config.Directory))
	}
	if settings.Data == "" {
		settings.Data = t.TempDir()
	}
	settings.Dev, settings.Logger = true, slog.New(slog.NewJSONHandler(left.log(), nil))
	koppi, err := allinone.Open(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- koppi.Run(ctx, listener) }()
	i := &instance{address: "http://" + listener.Addr().String(), koppi: koppi, data: settings.Data}
	i.stop = func() {
		cancel()
		if err := <-ended; err != nil && !i.broken {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		for _, service := range all.Services {
			if i.broken {
				break
			}
			report, err := journal.Fsck(context.Background(), koppi.Store(service.Name))
			if err := errors.Join(err, report.Err()); err != nil {
				t.Errorf("%s: %v", service.Name, err)
			}
		}
		i.stop()
	})
	return i
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// transports are the three ways in.
func (i *instance) transports(t *testing.T) map[string]scenario.Transport {
	t.Helper()
	gateway, err := grpc.NewClient(i.address[len("http://"):], watched(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gateway.Close() })
	return map[string]scenario.Transport{
		"connect-json": scenario.ConnectJSON{Address: i.address, Client: http.DefaultClient},
		"grpc-gateway": scenario.GRPC{Conn: gateway},
		"grpc-service": scenario.GRPC{Conn: straightWatched{i.koppi.Backend()}},
	}
}

// served are the cases whose services are all served.
func served(cases []scenario.Scenario) []scenario.Scenario {
	return slices.DeleteFunc(slices.Clone(cases), func(s scenario.Scenario) bool {
		return slices.ContainsFunc(s.Services(), func(service string) bool { return !slices.Contains(allinone.Served(), service) })
	})
}

func TestScenarios(t *testing.T) {
	cases, err := scenario.Load(scenarios.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"connect-json", "grpc-gateway", "grpc-service"} {
		for _, s := range served(cases) {
			t.Run(name+"/"+s.Name, func(t *testing.T) {
				i := start(t, s.Clock)
				transport := i.transports(t)[name]
				runner := scenario.Runner{Transport: transport, Dev: transport}
				if err := runner.Run(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}
