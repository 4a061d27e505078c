package main

import (
	"context"

	"koppi.internal/pkg/journal/postgres"
)

type migrateCommand struct {
	Journal string `help:"PostgreSQL connection string of the journal, as its owner; search_path names the schema, which is created if it is missing." env:"KOPPI_JOURNAL" required:""`
	Keys    string `help:"The same for the keys, in a separate database." env:"KOPPI_KEYS" required:""`
	Role    string `help:"Role of the service. It gets only the rights that it needs: it can add to history and read it." required:""`
}

// Run brings a service's schemas up to date, one process at a time.
func (c *migrateCommand) Run(ctx context.Context) error {
	return postgres.Migrate(ctx, postgres.Migration{Journal: c.Journal, Keys: c.Keys, Role: c.Role})
}
