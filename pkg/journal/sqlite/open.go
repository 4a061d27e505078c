// Package sqlite keeps a journal in one SQLite file, and its keys in another. The all-in-one
// program uses it, with no database server.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"github.com/tink-crypto/tink-go/v2/tink"
	_ "modernc.org/sqlite" // registers the driver

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/queue"
	"koppi.internal/pkg/journal/seal"
)

//go:embed migrations/*.sql keymigrations/*.sql
var migrations embed.FS

// Config names the files of a store. All fields but Driver are required.
type Config struct {
	// Path is the file of the journal, KeysPath that of its keys. Missing files are created.
	Path, KeysPath string
	// KEK wraps the data keys.
	KEK tink.AEAD
	// Driver is the name of the database/sql driver that executes the statements; empty means
	// "sqlite".
	Driver string
}

// Store implements journal.Store, journal.Raw and the other interfaces of package journal, over
// SQLite.
type Store struct {
	write, read, keys *sql.DB
	vault             *seal.Vault

	queue *queue.Queue[*task]
}

var (
	_ journal.Store     = (*Store)(nil)
	_ journal.Settings  = (*Store)(nil)
	_ journal.Counters  = (*Store)(nil)
	_ journal.Notices   = (*Store)(nil)
	_ journal.AccessLog = (*Store)(nil)
	_ journal.Log       = (*Store)(nil)
	_ journal.Records   = (*Store)(nil)
	_ journal.Raw       = (*Store)(nil)
)

// With these pragmas, every commit is on the disk before it returns, readers never wait for the
// writer, and deleted content is overwritten. EXTRA also flushes the deletion of the first
// transaction's rollback journal: if that journal reappeared after a power loss, it would undo
// everything since. EXTRA must be set before the journal mode changes; the driver sets
// _journal_mode after every _pragma.
const pragmas = "_pragma=synchronous(EXTRA)&_journal_mode=WAL&_pragma=busy_timeout(5000)" +
	"&_pragma=foreign_keys(ON)&_pragma=secure_delete(ON)&_txlock=immediate"

const readers = 4

func (c Config) driver() string { return cmp.Or(c.Driver, "sqlite") }

// Open opens a store, creates missing files, and brings the schema up to date.
func Open(ctx context.Context, config Config) (*Store, error) {
	store := &Store{queue: queue.New[*task](maxGroup)}
	var err error
	if store.write, err = openFile(ctx, config, config.Path, "migrations", 1); err != nil {
		return nil, err
	}
	if store.keys, err = openFile(ctx, config, config.KeysPath, "keymigrations", 1); err != nil {
		return nil, errors.Join(err, store.write.Close())
	}
	if store.read, err = sql.Open(config.driver(), dsn(config.Path)+"&_pragma=query_only(ON)"); err != nil {
		return nil, errors.Join(err, store.write.Close(), store.keys.Close())
	}
	store.read.SetMaxOpenConns(readers)
	store.read.SetMaxIdleConns(readers)
	store.vault = seal.NewVault(config.KEK, keeper{store.keys})
	go store.commit()
	return store, nil
}

func openFile(ctx context.Context, config Config, path, folder string, connections int) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	db, err := openPrepared(config.driver(), dsn(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	if err := migrate(ctx, db, folder); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %s: %w", filepath.Base(path), err), db.Close())
	}
	return db, nil
}

func dsn(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas }

func migrate(ctx context.Context, db *sql.DB, folder string) error {
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// Close waits for the appends under way and closes the files.
func (s *Store) Close() error {
	s.queue.Close()
	return errors.Join(s.read.Close(), s.write.Close(), s.keys.Close())
}
