package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"koppi.internal/pkg/journal/queue"
	"koppi.internal/pkg/telemetry"
)

const (
	// lookers is how many batches of lookups run at once.
	lookers = 2
	// maxLookups is the most lookups that share one round trip.
	maxLookups = 64
	// lookupTime bounds a batch: a database that does not answer must not hold callers for ever.
	lookupTime = 10 * time.Second
)

// lookups are small reads by index that every command, or every reading of a mailbox, makes. The
// lookups of many callers share a round trip, because the server would spend more time on waking up
// for each than on reading. No lookup waits for others to arrive.
type lookups struct {
	pool  *pgxpool.Pool
	queue *queue.Queue[*lookup]
}

// lookup is one query, with the function that takes its rows.
type lookup struct {
	query string
	args  []any
	scan  func(pgx.Rows) error
}

func newLookups(pool *pgxpool.Pool) *lookups {
	l := &lookups{pool: pool, queue: queue.New[*lookup](maxLookups)}
	go func() {
		defer l.queue.Done()
		var group sync.WaitGroup
		for range lookers {
			group.Go(l.serve)
		}
		group.Wait()
	}()
	return l
}

func (l *lookups) close() { l.queue.Close() }

func (l *lookups) serve() {
	for first := l.queue.Next(); first != nil; first = l.queue.Next() {
		group := l.queue.With(first, maxLookups)
		err := l.send(group)
		for _, one := range group {
			if err != nil && len(group) > 1 {
				// A lookup that fails must not fail the others.
				one.Answer(l.send([]*queue.Item[*lookup]{one}))
				continue
			}
			one.Answer(err)
		}
	}
}

func (l *lookups) send(group []*queue.Item[*lookup]) error {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	ctx, span := telemetry.Together(ctx, "journal lookups", queue.Traces(group))
	defer span.End()
	batch := &pgx.Batch{}
	for _, one := range group {
		batch.Queue(one.Change.query, one.Change.args...).Query(one.Change.scan)
	}
	return l.pool.SendBatch(ctx, batch).Close()
}

// look runs a lookup and returns its rows.
func look[T any](ctx context.Context, l *lookups, scan func(pgx.Rows) (T, error), query string, args ...any) ([]T, error) {
	return lookUntil(ctx, l, scan, func() func(T) bool { return func(T) bool { return false } }, query, args...)
}

// lookUntil returns the rows up to the first for which enough is true. When the lookup is sent
// again, it asks for a new enough.
func lookUntil[T any](
	ctx context.Context, l *lookups, scan func(pgx.Rows) (T, error), enough func() func(T) bool, query string, args ...any,
) ([]T, error) {
	// Until the lookup is answered, its goroutine writes the rows: a caller that has stopped
	// waiting must not read them.
	found := new([]T)
	err := l.queue.Submit(ctx, &lookup{query: query, args: args, scan: func(rows pgx.Rows) error {
		// When a batch has failed and is sent again, the rows found before do not count.
		*found = nil
		isEnough := enough()
		for rows.Next() {
			one, err := scan(rows)
			if err != nil {
				return err
			}
			if *found = append(*found, one); isEnough(one) {
				break
			}
		}
		return rows.Err()
	}})
	if err != nil {
		return nil, err
	}
	return *found, nil
}
