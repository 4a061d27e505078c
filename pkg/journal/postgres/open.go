// Package postgres keeps a journal in PostgreSQL, for many replicas of a service.
// One writer at a time appends, in groups: the committer that has the database's
// advisory lock.
package postgres

import (
	"context"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tink-crypto/tink-go/v2/tink"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/queue"
	"koppi.internal/pkg/journal/seal"
)

// Config names the databases of a store. All fields are required.
type Config struct {
	// Journal and Keys are connection strings; each names its schema by search_path.
	// The keys belong in a database of their own, whose backups are kept apart.
	Journal, Keys string
	// KEK wraps the data keys.
	KEK tink.AEAD
	// Tracer is told of every statement; may be nil.
	Tracer pgx.QueryTracer
}

// Store is a journal.Store, with all that is kept beside it and journal.Raw, over PostgreSQL.
type Store struct {
	read, keys *pgxpool.Pool
	// lookups are of commands, mailboxes of their readers, whose pages are longer.
	lookups, mailboxes *lookups
	vault              *seal.Vault
	writer             writer

	queue *queue.Queue[*task]
}

var (
	_ journal.Store    = (*Store)(nil)
	_ journal.Settings = (*Store)(nil)
	_ journal.Tallies  = (*Store)(nil)
	_ journal.Notices  = (*Store)(nil)
	_ journal.Looked   = (*Store)(nil)
	_ journal.Log      = (*Store)(nil)
	_ journal.Raw      = (*Store)(nil)
)

// querier is a connection or a pool of them.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Open opens a store whose schema is up to date: ErrNotMigrated where it is not.
func Open(ctx context.Context, config Config) (*Store, error) {
	store := &Store{queue: queue.New[*task](maxGroup)}
	var err error
	if store.read, err = openPool(ctx, config.Journal, journalFolder, config.Tracer, nil); err != nil {
		return nil, err
	}
	keys := map[string]string{}
	if together(ctx, config) {
		// One server has one write-ahead log: the commit of what a key seals, which comes
		// later, has the key on the disk too.
		keys["synchronous_commit"] = "off"
	}
	if store.keys, err = openPool(ctx, config.Keys, keysFolder, config.Tracer, keys); err != nil {
		store.read.Close()
		return nil, err
	}
	if store.writer.config, err = pgx.ParseConfig(config.Journal); err != nil {
		store.read.Close()
		store.keys.Close()
		return nil, fmt.Errorf("postgres: connection string: %w", err)
	}
	byIndex(store.writer.config)
	store.writer.config.Tracer = config.Tracer
	store.lookups, store.mailboxes = newLookups(store.read), newLookups(store.read)
	store.vault = seal.NewVault(config.KEK, keeper{store.keys})
	go store.commit()
	return store, nil
}

// readers is how many connections read at once, unless the connection string asks
// for more (pool_max_conns).
const readers = 16

// byIndex keeps the planner to the indexes: every statement has its own, and a plan
// made while the tables were small is kept for as long as the connection.
func byIndex(config *pgx.ConnConfig) {
	for _, other := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"} {
		config.RuntimeParams[other] = "off"
	}
	config.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
}

func openPool(ctx context.Context, dsn, folder string, tracer pgx.QueryTracer, settings map[string]string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("postgres: connection string: %w", err)
	}
	byIndex(config.ConnConfig)
	config.ConnConfig.Tracer = tracer
	maps.Copy(config.ConnConfig.RuntimeParams, settings)
	config.MaxConns = max(config.MaxConns, readers)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := current(ctx, pool, folder); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// together tells whether journal and keys are on one server. Where it cannot be told
// they are not.
func together(ctx context.Context, config Config) bool {
	journal, err := serverOf(ctx, config.Journal)
	if err != nil {
		return false
	}
	keys, err := serverOf(ctx, config.Keys)
	return err == nil && journal == keys
}

// serverOf is the identifier that a server got when it was made.
func serverOf(ctx context.Context, dsn string) (identifier int64, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = conn.QueryRow(ctx, "SELECT system_identifier FROM pg_control_system()").Scan(&identifier)
	return identifier, err
}

// Close waits for what is being appended and closes the connections.
func (s *Store) Close() error {
	s.queue.Close()
	s.lookups.close()
	s.mailboxes.close()
	s.read.Close()
	s.keys.Close()
	return s.writer.close()
}
