package postgres_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/journal/seal"
)

// role is the service's role, which owns nothing.
const role = "koppi_test"

// databases are the databases of stores by folder, each a copy of a migrated template.
type databases struct {
	server   *postgrestest.Server
	template string
	names    map[string]string
}

func newDatabases(t testing.TB, settings ...string) *databases {
	t.Helper()
	d := &databases{server: postgrestest.Start(t, settings...), names: map[string]string{}}
	d.server.Exec("CREATE ROLE " + role + " LOGIN")
	d.template = d.server.Database("template1")
	if err := postgres.Migrate(context.Background(), postgres.Migration{
		Journal: d.server.DSN(d.template, "postgres", "concern"), Keys: d.server.DSN(d.template, "postgres", "concern_keys"), Role: role,
	}); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *databases) configure(t testing.TB, folder string) postgres.Config {
	t.Helper()
	if d.names[folder] == "" {
		d.names[folder] = d.server.Database(d.template)
	}
	kek, err := seal.OpenKEK(filepath.Join(folder, "secrets", "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	return postgres.Config{
		Journal: d.server.DSN(d.names[folder], role, "concern"), Keys: d.server.DSN(d.names[folder], role, "concern_keys"), KEK: kek,
	}
}

func (d *databases) open(t testing.TB, folder string) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(context.Background(), d.configure(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// History is insert-only, for the service's role and for the owner of the tables.
func TestHistoryInsertOnly(t *testing.T) {
	d := newDatabases(t, "fsync=off")
	folder := t.TempDir()
	config := d.configure(t, folder)
	for _, as := range []string{config.Journal, d.server.DSN(d.names[folder], "postgres", "concern")} {
		conn, err := pgx.Connect(t.Context(), as)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"events", "deliveries", "accesses"} {
			for _, statement := range []string{"UPDATE " + table + " SET subject = 'x'", "DELETE FROM " + table, "TRUNCATE " + table} {
				if _, err := conn.Exec(t.Context(), statement); err == nil || as == config.Journal && !strings.Contains(err.Error(), "permission denied") {
					t.Errorf("%s: %v", statement, err)
				}
			}
		}
		if _, err := conn.Exec(t.Context(), "SELECT count(*) FROM events"); err != nil {
			t.Error(err)
		}
		_ = conn.Close(t.Context())
	}
}

// Open refuses a schema that is not up to date, and says what to do.
func TestSchemaNotMigrated(t *testing.T) {
	d := newDatabases(t, "fsync=off")
	name := d.server.Database("template1")
	kek, err := seal.OpenKEK(filepath.Join(t.TempDir(), "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	dsn := d.server.DSN(name, "postgres", "concern")
	if _, err := postgres.Open(t.Context(), postgres.Config{Journal: dsn, Keys: dsn, KEK: kek}); err == nil || !strings.Contains(err.Error(), "koppi migrate") {
		t.Errorf("%v", err)
	}
}
