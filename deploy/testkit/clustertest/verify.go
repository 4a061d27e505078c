package clustertest

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"koppi.internal/deploy/allinone"
	all "koppi.internal/deploy/suite"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/transparency"
	"koppi.internal/services/concern"
)

// store is what is verified.
type store interface {
	journal.Raw
	transparency.Journal
	Close() error
}

// verified verifies a journal at rest and its access log, returns the positions of its mailboxes, and
// closes it. A finding fails the test.
func verified(t testing.TB, s store, service string) map[string]journal.Position {
	t.Helper()
	ctx := context.Background()
	report, err := journal.Fsck(ctx, s)
	err = errors.Join(err, report.Err())
	heads := map[string][]byte{}
	for event, failed := range s.RawEvents(ctx) {
		if err = errors.Join(err, failed); failed != nil {
			break
		}
		heads[event.Subject] = event.Hash
	}
	findings, failed := transparency.Verify(ctx, s, service, heads)
	err = errors.Join(err, failed, journal.Report{Findings: findings}.Err())
	positions, failed := s.Positions(ctx)
	if err := errors.Join(err, failed, s.Close()); err != nil {
		t.Errorf("%s: %v", service, err)
	}
	return positions
}

// Open opens the journal of a service as its processes do.
func (c *Cluster) Open(service string) *postgres.Store {
	c.t.Helper()
	kek, err := seal.OpenKEK(filepath.Join(c.Secrets, process.KEKFile))
	if err != nil {
		c.t.Fatal(err)
	}
	opened, err := postgres.Open(context.Background(), postgres.Config{Journal: c.Journal(service), Keys: c.Keys(service), KEK: kek})
	if err != nil {
		c.t.Fatal(err)
	}
	return opened
}

// Fsck ends all processes, since a journal is verified at rest, verifies all journals, and returns the
// positions of the concern service's mailboxes. A finding fails the test.
func (c *Cluster) Fsck() map[string]journal.Position {
	c.t.Helper()
	c.End()
	var positions map[string]journal.Position
	for _, service := range all.Services {
		if found := verified(c.t, c.Open(service.Name), service.Name); service.Name == concern.Name {
			positions = found
		}
	}
	return positions
}

// AllInOne is koppi up: the whole of Koppi in a process of its own, with a data folder.
type AllInOne struct {
	*Process
	Data string
}

// NewAllInOne prepares the process; the test starts it.
func NewAllInOne(t testing.TB, flags ...string) *AllInOne {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	args := append([]string{"up", "--dev", "--data", data}, Unlimited()...)
	return &AllInOne{Process: NewProcess(t, KoppiCommand, append(args, flags...)...), Data: data}
}

// Fsck verifies the concern service's journal at rest, and returns the positions of its mailboxes. A
// finding fails the test.
func (p *AllInOne) Fsck() map[string]journal.Position {
	p.t.Helper()
	files := allinone.Paths(p.Data, concern.Name)
	kek, err := seal.OpenKEK(files.KEK)
	if err != nil {
		p.t.Fatal(err)
	}
	opened, err := sqlite.Open(p.t.Context(), sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: kek})
	if err != nil {
		p.t.Fatal(err)
	}
	return verified(p.t, opened, concern.Name)
}
