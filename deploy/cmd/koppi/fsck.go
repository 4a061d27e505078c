package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/suite"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/process"
)

type fsckCommand struct {
	Service string `help:"The service whose journal is verified; all of them in a folder, where none is named." env:"KOPPI_SERVICE"`
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

// Run verifies journals and fails when something was found.
func (c *fsckCommand) Run(ctx context.Context) error {
	var errs []error
	for _, service := range suite.Services {
		if c.Service == "" && c.Journal == "" || c.Service == service.Name {
			errs = append(errs, c.verify(ctx, service.Name))
		}
	}
	if len(errs) == 0 {
		return errors.New("say with --service whose journal it is: concern, referral, consultation or plan")
	}
	return errors.Join(errs...)
}

func (c *fsckCommand) verify(ctx context.Context, service string) error {
	opened, err := c.open(ctx, service)
	if err != nil {
		return err
	}
	report, err := journal.Fsck(ctx, opened)
	if err := errors.Join(err, opened.Close()); err != nil {
		return err
	}
	fmt.Printf("%s: %d subjects, %d events, %d mailboxes, %d deliveries (%d tombstones), %d findings\n",
		service, report.Subjects, report.Events, report.Mailboxes, report.Deliveries, report.Tombstones, len(report.Findings))
	return report.Err()
}

func (c *fsckCommand) open(ctx context.Context, service string) (store, error) {
	files := allinone.Paths(c.Data, service)
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
