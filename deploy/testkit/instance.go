package testkit

import (
	"context"
	"log/slog"
	"net"
	"testing"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/pkg/directory"
)

// Instance is a whole Koppi in the test's process, in a folder of its own, on a free port.
type Instance struct {
	// Address begins with http://.
	Address string
	// Data is its folder.
	Data  string
	Koppi *allinone.Koppi
	// Broken is set by a test that closes the stores itself: they are not verified then.
	Broken bool
}

// Start starts an instance until the test ends. A directory and a data folder that are not
// configured are those of the scenarios and a temporary one. At the end of the test the journals are
// verified, and a finding fails the test.
func Start(t testing.TB, settings allinone.Config) *Instance {
	t.Helper()
	if settings.Directory == nil {
		settings.Directory = Must(directory.Parse(config.Directory))
	}
	if settings.Data == "" {
		settings.Data = t.TempDir()
	}
	settings.Dev, settings.Logger = true, slog.New(slog.NewJSONHandler(leaktest.LogWriter(), nil))
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
	i := &Instance{Address: "http://" + listener.Addr().String(), Koppi: koppi, Data: settings.Data}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; i.Broken {
			return
		} else if err != nil {
			t.Error(err)
		}
		// The services append by themselves when something is due: a journal is verified once they have ended.
		for _, service := range all.Services {
			VerifyFolder(t, i.Data, service.Name)
		}
	})
	return i
}
