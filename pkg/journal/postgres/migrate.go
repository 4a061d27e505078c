package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql keymigrations/*.sql
var migrations embed.FS

const (
	journalFolder = "migrations"
	keysFolder    = "keymigrations"
)

// Migration names the schemas to bring up to date and the role that uses them.
type Migration struct {
	// Journal and Keys are connection strings of the schema's owner; each names its schema by
	// search_path.
	Journal, Keys string
	// Role is the service's database role. It is granted only what it needs: it can read history
	// and add to it. Empty grants nothing.
	Role string
}

// insertOnly are the tables of history: the service's role can read them and insert into them.
var insertOnly = []string{"events", "deliveries", "accesses", "clients", "tallies", "log_hashes"}

// changeable are the tables whose rows the service's role can also change.
var changeable = []string{"loops", "standings", "mailboxes", "consumers", "claims", "settings", "erasures", "parked", "told", "holds", "log_state", "records", "record_revisions"}

// Migrate brings the schemas up to date, one process at a time, and grants the
// service's role what it needs.
func Migrate(ctx context.Context, m Migration) error {
	if err := migrate(ctx, m.Journal, journalFolder); err != nil {
		return err
	}
	if err := migrate(ctx, m.Keys, keysFolder); err != nil {
		return err
	}
	if m.Role == "" {
		return nil
	}
	role := pgx.Identifier{m.Role}.Sanitize()
	journal := []string{"GRANT USAGE ON SCHEMA %s TO " + role, "GRANT SELECT ON goose_db_version TO " + role}
	for _, table := range insertOnly {
		journal = append(journal, "GRANT SELECT, INSERT ON "+table+" TO "+role)
	}
	for _, table := range changeable {
		journal = append(journal, "GRANT SELECT, INSERT, UPDATE ON "+table+" TO "+role)
	}
	journal = append(journal, "GRANT DELETE ON claims, parked, records TO "+role)
	if err := grant(ctx, m.Journal, journal); err != nil {
		return err
	}
	return grant(ctx, m.Keys, []string{
		"GRANT USAGE ON SCHEMA %s TO " + role, "GRANT SELECT ON goose_db_version TO " + role, "GRANT SELECT, INSERT, UPDATE ON keys TO " + role,
	})
}

func grant(ctx context.Context, dsn string, statements []string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("postgres: connect: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var schema string
	if err := conn.QueryRow(ctx, "SELECT current_schema()").Scan(&schema); err != nil {
		return fmt.Errorf("postgres: schema: %w", err)
	}
	for i, statement := range statements {
		if i == 0 {
			statement = fmt.Sprintf(statement, pgx.Identifier{schema}.Sanitize())
		}
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("postgres: %s: %w", statement, err)
		}
	}
	return nil
}

func migrate(ctx context.Context, dsn, folder string) (err error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("postgres: connection string: %w", err)
	}
	if schema := config.RuntimeParams["search_path"]; schema != "" {
		if err := createSchema(ctx, config, schema); err != nil {
			return err
		}
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	return nil
}

func createSchema(ctx context.Context, config *pgx.ConnConfig, schema string) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("postgres: connect: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{schema}.Sanitize()); err != nil {
		return fmt.Errorf("postgres: schema: %w", err)
	}
	return nil
}

// ErrNotMigrated says that the schema is not the one that this program needs.
var ErrNotMigrated = errors.New("postgres: the schema is not up to date; run: koppi migrate")

// current refuses a schema that is older than this program's.
func current(ctx context.Context, conn querier, folder string) error {
	files, err := fs.ReadDir(migrations, folder)
	if err != nil {
		return err
	}
	var version int
	err = conn.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	if err != nil || version < len(files) {
		return errors.Join(ErrNotMigrated, err)
	}
	return nil
}
