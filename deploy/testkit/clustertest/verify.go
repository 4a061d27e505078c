package clustertest

import (
	"context"
	"path/filepath"
	"testing"

	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/process"
	"koppi.internal/services/concern"
)

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
		if found := testkit.VerifyAndClose(c.t, c.Open(service.Name), service.Name); service.Name == concern.Name {
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
	return testkit.VerifyFolder(p.t, p.Data, concern.Name)
}
