package testkit

import (
	"context"
	"errors"
	"testing"

	"koppi.internal/deploy/allinone"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/transparency"
)

// Verifiable is a journal that VerifyAndClose verifies.
type Verifiable interface {
	journal.Raw
	transparency.Journal
	Close() error
}

// VerifyAndClose verifies a journal at rest and its access log, closes it, and returns the positions
// of its mailboxes. A finding fails the test.
func VerifyAndClose(t testing.TB, s Verifiable, service string) map[string]journal.Position {
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

// VerifyFolder verifies a service's journal in a data folder that no process uses, as VerifyAndClose does.
func VerifyFolder(t testing.TB, data, service string) map[string]journal.Position {
	t.Helper()
	files := allinone.Paths(data, service)
	kek, err := seal.OpenKEK(files.KEK)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := sqlite.Open(context.Background(), sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: kek})
	if err != nil {
		t.Fatal(err)
	}
	return VerifyAndClose(t, opened, service)
}
