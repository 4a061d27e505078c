// Package postgres keeps a journal in PostgreSQL, for many replicas of a service.
// One writer at a time appends, in groups: the committer that has the database's
// advisory lock.
package postgres

import (
	"cmp"
	"context"
	"log/slog"

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
	// Service is the service's name, under which metrics tell of its server; may be empty.
	Service string
	// Log is told of what is unsafe about the server; may be nil.
	Log *slog.Logger

	// bounds are usualBounds where they are not set.
	bounds bounds
}

// Store is a journal.Store, with all that is kept beside it and journal.Raw, over PostgreSQL.
type Store struct {
	read, keys *pgxpool.Pool
	// lookups are of commands, mailboxes of their readers, whose pages are longer.
	lookups, mailboxes *lookups
	vault              *seal.Vault
	writer             writer
	log                *slog.Logger
	// unwatch ends what is measured of the server.
	unwatch func()

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

// querier is a connection or a pool of them.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Open opens a store whose schema is up to date: ErrNotMigrated where it is not.
func Open(ctx context.Context, config Config) (*Store, error) {
	store := &Store{queue: queue.New[*task](maxGroup), log: cmp.Or(config.Log, slog.New(slog.DiscardHandler))}
	var err error
	if store.writer.sessions, err = newSessions(config.Journal, config, nil); err != nil {
		return nil, err
	}
	if err := shared(ctx, store.writer.sessions); err != nil {
		return nil, err
	}
	if store.read, err = openPool(ctx, store.writer.sessions, journalFolder); err != nil {
		return nil, err
	}
	keys := map[string]string{}
	if together(ctx, store.writer.sessions, config.Keys) {
		// One server has one write-ahead log: the commit of what a key seals, which comes
		// later, has the key on the disk too.
		keys["synchronous_commit"] = "off"
	}
	beside, err := newSessions(config.Keys, config, keys)
	if err == nil {
		store.keys, err = openPool(ctx, beside, keysFolder)
	}
	if err != nil {
		store.read.Close()
		return nil, err
	}
	if store.unwatch, err = store.watchServer(ctx, config.Service); err != nil {
		store.read.Close()
		store.keys.Close()
		return nil, err
	}
	store.lookups, store.mailboxes = newLookups(store.read), newLookups(store.read)
	store.vault = seal.NewVault(config.KEK, keeper{store.keys})
	store.writer.sessions.another = store.vault.Forget
	go store.commit()
	return store, nil
}

// readers is how many connections read at once, unless the connection string asks
// for more (pool_max_conns).
const readers = 16

// byIndex keeps the planner to the indexes: every statement has its own, and a plan
// made while the tables were small is kept for as long as the connection.
func byIndex(settings map[string]string) {
	for _, other := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"} {
		settings[other] = "off"
	}
	settings["plan_cache_mode"] = "force_generic_plan"
}

func openPool(ctx context.Context, at *sessions, folder string) (*pgxpool.Pool, error) {
	pool, err := at.pool(ctx, readers)
	if err != nil {
		return nil, err
	}
	if err := current(ctx, pool, folder); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// Close waits for what is being appended and closes the connections.
func (s *Store) Close() error {
	s.queue.Close()
	s.unwatch()
	s.lookups.close()
	s.mailboxes.close()
	s.read.Close()
	s.keys.Close()
	return s.writer.close()
}
