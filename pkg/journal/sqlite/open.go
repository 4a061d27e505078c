// Package sqlite keeps a journal in one SQLite file, and its keys in another:
// the store of the all-in-one, with no server beside it.
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
	// Path of the journal and KeysPath of its keys; made where they are missing.
	Path, KeysPath string
	// KEK wraps the data keys.
	KEK tink.AEAD
	// Driver is the name of the driver, as database/sql has it, through which statements
	// pass; "sqlite" where it is empty.
	Driver string
}

// Store is a journal.Store, with all that is kept beside it and journal.Raw, over SQLite.
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
	_ journal.Raw       = (*Store)(nil)
)

// pragmas: every commit is on the disk before it returns; readers never wait for
// the writer; what is deleted is overwritten. EXTRA also has the deletion of the
// first transaction's rollback journal on the disk: were it found again after a
// loss of power, it would undo everything since. It must stand before the mode of
// the journal changes, and the driver runs _journal_mode after every _pragma.
const pragmas = "_pragma=synchronous(EXTRA)&_journal_mode=WAL&_pragma=busy_timeout(5000)" +
	"&_pragma=foreign_keys(ON)&_pragma=secure_delete(ON)&_txlock=immediate"

const readers = 4

func (c Config) driver() string { return cmp.Or(c.Driver, "sqlite") }

// Open opens or makes a store and brings its schema up to date.
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
	db, err := sql.Open(config.driver(), dsn(path))
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
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

// Close waits for what is being appended and closes the files.
func (s *Store) Close() error {
	s.queue.Close()
	return errors.Join(s.read.Close(), s.write.Close(), s.keys.Close())
}
