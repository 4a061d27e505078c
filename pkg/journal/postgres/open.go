// Package postgres keeps a journal in PostgreSQL, for many replicas of a service. One writer at a
// time appends, in groups: the committer that holds the database's advisory lock.
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

// Config names the databases of a store. Journal, Keys and KEK are required.
type Config struct {
	// Journal and Keys are connection strings; each names its schema by search_path. The keys
	// belong in a database of their own, whose backups are kept separately.
	Journal, Keys string
	// KEK wraps the data keys.
	KEK tink.AEAD
	// Tracer traces every statement; may be nil.
	Tracer pgx.QueryTracer
	// Service is the service's name in the metrics about its database server; may be empty.
	Service string
	// Log receives warnings about unsafe settings of the server; may be nil.
	Log *slog.Logger

	// bounds default to usualBounds where they are not set.
	bounds bounds
}

// Store implements journal.Store, journal.Raw and the other interfaces of package journal, over
// PostgreSQL.
type Store struct {
	read, keys *pgxpool.Pool
	// lookups serves commands, mailboxes the readers of mailboxes, whose pages are longer.
	lookups, mailboxes *lookups
	vault              *seal.Vault
	writer             writer
	log                *slog.Logger
	// unwatch ends the measuring of the server.
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
	_ journal.Records   = (*Store)(nil)
	_ journal.Raw       = (*Store)(nil)
)

// querier is a connection or a pool of them.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Open opens a store. It fails with ErrNotMigrated where the schema is not up to date.
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
	if sameServer(ctx, store.writer.sessions, config.Keys) {
		// One server has one write-ahead log: the commit of the content that a key seals comes
		// later in the log, and flushes the key to the disk too.
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

// readers is how many connections can read at once, unless the connection string asks for more
// (pool_max_conns).
const readers = 16

// byIndex makes the planner use the indexes. Every statement has its own index, and a plan made
// while the tables were small is kept for as long as the connection.
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

// Close waits for the appends under way and closes the connections.
func (s *Store) Close() error {
	s.queue.Close()
	s.unwatch()
	s.lookups.close()
	s.mailboxes.close()
	s.read.Close()
	s.keys.Close()
	return s.writer.close()
}
