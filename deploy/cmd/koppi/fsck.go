package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"koppi.internal/deploy/allinone"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/services/concern"
)

type fsckCommand struct {
	Data string `help:"Folder of databases and keys, at rest." default:"data" env:"KOPPI_DATA"`
}

// Run verifies each service's journal and fails when something was found.
func (c *fsckCommand) Run(ctx context.Context) error {
	files := allinone.Paths(c.Data, concern.Name)
	for _, path := range []string{files.Journal, files.Keys, files.KEK} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("there is no journal to verify: %w", err)
		}
	}
	kek, err := seal.OpenKEK(files.KEK)
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: kek})
	if err != nil {
		return err
	}
	report, err := journal.Fsck(ctx, store)
	if err := errors.Join(err, store.Close()); err != nil {
		return err
	}
	fmt.Printf("%s: %d subjects, %d events, %d mailboxes, %d deliveries (%d tombstones), %d findings\n",
		concern.Name, report.Subjects, report.Events, report.Mailboxes, report.Deliveries, report.Tombstones, len(report.Findings))
	return report.Err()
}
