package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"koppi.internal/deploy/allinone"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/process"
	"koppi.internal/services/concern"
)

type fsckCommand struct {
	Data    string `help:"Folder of databases and keys, at rest." default:"data" env:"KOPPI_DATA"`
	Journal string `help:"Instead of a folder: PostgreSQL connection string of a journal." env:"KOPPI_JOURNAL"`
	Keys    string `help:"And of its keys." env:"KOPPI_KEYS"`
	Secrets string `help:"And the folder of the suite's secrets." env:"KOPPI_SECRETS"`
}

// store is what fsck reads and closes.
type store interface {
	journal.Raw
	Close() error
}

// Run verifies a journal and fails when something was found.
func (c *fsckCommand) Run(ctx context.Context) error {
	opened, err := c.open(ctx)
	if err != nil {
		return err
	}
	report, err := journal.Fsck(ctx, opened)
	if err := errors.Join(err, opened.Close()); err != nil {
		return err
	}
	fmt.Printf("%s: %d subjects, %d events, %d mailboxes, %d deliveries (%d tombstones), %d findings\n",
		concern.Name, report.Subjects, report.Events, report.Mailboxes, report.Deliveries, report.Tombstones, len(report.Findings))
	return report.Err()
}

func (c *fsckCommand) open(ctx context.Context) (store, error) {
	files := allinone.Paths(c.Data, concern.Name)
	needed := []string{files.Journal, files.Keys, files.KEK}
	if c.Journal != "" {
		files.KEK = filepath.Join(c.Secrets, process.KEKFile)
		needed = []string{files.KEK}
	}
	for _, path := range needed {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is no journal to verify: %w", err)
		}
	}
	kek, err := seal.OpenKEK(files.KEK)
	if err != nil {
		return nil, err
	}
	if c.Journal != "" {
		return postgres.Open(ctx, postgres.Config{Journal: c.Journal, Keys: c.Keys, KEK: kek})
	}
	return sqlite.Open(ctx, sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: kek})
}
