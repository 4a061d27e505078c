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
	"koppi.internal/pkg/transparency"
)

type fsckCommand struct {
	journals `embed:""`

	Log      []string `help:"Files of checkpoints that were stored elsewhere; the records that they cover must exist unchanged." placeholder:"FILE"`
	Verifier string   `help:"File of the key that verifies the checkpoints; default is log.pub in the folder of secrets."`
}

// journals selects journals: those of a folder that no process serves, or one in PostgreSQL.
type journals struct {
	Service string `help:"Service whose journal is verified; without it, all services of the data folder." env:"KOPPI_SERVICE"`
	Data    string `help:"Folder of databases and keys that no process uses." default:"data" env:"KOPPI_DATA"`
	Journal string `help:"PostgreSQL connection string of a journal, instead of a folder." env:"KOPPI_JOURNAL"`
	Keys    string `help:"PostgreSQL connection string of its keys." env:"KOPPI_KEYS"`
	Secrets string `help:"Folder of the suite's secrets, with --journal." env:"KOPPI_SECRETS"`

	process.Keyring `embed:""`

	kek *seal.KEK
}

// store is what fsck needs of a journal.
type store interface {
	journal.Raw
	transparency.Journal
	Close() error
}

// Run verifies the selected journals, and fails if it finds an error in one of them.
func (c *fsckCommand) Run(ctx context.Context) error { return c.each(ctx, c.verify) }

// secrets returns the folder of the suite's secrets.
func (c *journals) secrets() string {
	if c.Journal != "" {
		return c.Secrets
	}
	return filepath.Join(c.Data, "secrets")
}

// each opens the journal of each selected service, calls do with it, and closes it.
func (c *journals) each(ctx context.Context, do func(context.Context, string, store) error) error {
	var errs []error
	for _, service := range suite.Services {
		if c.Service == "" && c.Journal == "" || c.Service == service.Name {
			opened, err := c.open(ctx, service.Name)
			if err == nil {
				err = errors.Join(do(ctx, service.Name, opened), opened.Close())
			}
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		return errors.New("name the journal's service with --service: concern, referral, consultation or plan")
	}
	return errors.Join(errs...)
}

func (c *fsckCommand) verify(ctx context.Context, service string, opened store) error {
	report, err := journal.Fsck(ctx, opened)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d subjects, %d events, %d mailboxes, %d deliveries (%d tombstones), %d findings\n",
		service, report.Subjects, report.Events, report.Mailboxes, report.Deliveries, report.Tombstones, len(report.Findings))
	return errors.Join(report.Err(), c.verifyLog(ctx, service, opened))
}

func (c *journals) open(ctx context.Context, service string) (store, error) {
	files := allinone.Paths(c.Data, service)
	needed := []string{files.Journal, files.Keys}
	if c.Journal != "" {
		needed = nil
	}
	for _, path := range needed {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is no journal to verify: %w", err)
		}
	}
	if c.kek == nil {
		// Opened once for all services: a key from an environment variable can be read only once.
		var err error
		if c.kek, err = c.Source(c.secrets(), false).Open(ctx); err != nil {
			return nil, err
		}
	}
	if c.Journal != "" {
		return postgres.Open(ctx, postgres.Config{Journal: c.Journal, Keys: c.Keys, KEK: c.kek})
	}
	return sqlite.Open(ctx, sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: c.kek})
}
