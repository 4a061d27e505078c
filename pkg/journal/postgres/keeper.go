package postgres

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
)

// keeper stores wrapped keys in a separate database.
type keeper struct{ pool *pgxpool.Pool }

// send runs one statement, which commits, in a session of the keys' server. It fails where the wait
// for the standby was cut short, because a lost key makes everything that it sealed unreadable.
func (k keeper) send(ctx context.Context, use func(conn *pgx.Conn) error) error {
	conn, err := k.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	one := sessionOf(conn.Conn().PgConn())
	one.warned.Store(false)
	if err := use(conn.Conn()); err != nil {
		return err
	}
	if one.warned.Load() {
		return errCutShort
	}
	return nil
}

// Keep stores the keys that the database does not have yet. Where several processes offer the same
// key, the first to store it wins.
func (k keeper) Keep(ctx context.Context, offered map[seal.Ref][]byte) (map[seal.Ref][]byte, error) {
	kept, err := k.offer(ctx, offered)
	if err != nil || len(kept) == len(offered) {
		return kept, err
	}
	var had []seal.Ref
	for ref := range offered {
		if _, made := kept[ref]; !made {
			had = append(had, ref)
		}
	}
	found, err := k.Find(ctx, had)
	if err != nil {
		return kept, err
	}
	maps.Copy(kept, found)
	// A server that lost its standby may show a key that no other server has.
	return kept, k.send(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, emitMessage)
		return err
	})
}

// offer inserts keys, and returns those that were not there. All processes insert in the same
// order, so that no two wait for each other.
func (k keeper) offer(ctx context.Context, offered map[seal.Ref][]byte) (map[seal.Ref][]byte, error) {
	refs := slices.SortedFunc(maps.Keys(offered), func(a, b seal.Ref) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Class, b.Class))
	})
	subjects, classes := columns(refs)
	keys := make([][]byte, 0, len(refs))
	for _, ref := range refs {
		keys = append(keys, offered[ref])
	}
	kept := make(map[seal.Ref][]byte, len(refs))
	err := k.send(ctx, func(conn *pgx.Conn) error {
		made, err := conn.Query(ctx, `INSERT INTO keys (subject, class, wrapped)
			SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[]) ON CONFLICT DO NOTHING RETURNING subject, class`, subjects, classes, keys)
		_, err = collect(made, err, func(row pgx.Rows) (ref seal.Ref, err error) {
			err = row.Scan(&ref.Subject, &ref.Class)
			kept[ref] = offered[ref]
			return ref, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: keep keys: %w", err)
	}
	return kept, nil
}

func columns(refs []seal.Ref) (subjects, classes []string) {
	for _, ref := range refs {
		subjects, classes = append(subjects, ref.Subject), append(classes, ref.Class)
	}
	return subjects, classes
}

// Find reads wrapped keys.
func (k keeper) Find(ctx context.Context, refs []seal.Ref) (map[seal.Ref][]byte, error) {
	subjects, classes := columns(refs)
	found := make(map[seal.Ref][]byte, len(refs))
	rows, err := k.pool.Query(ctx, `SELECT k.subject, k.class, k.wrapped
		FROM unnest($1::text[], $2::text[]) AS r (subject, class) JOIN keys k USING (subject, class)`, subjects, classes)
	_, err = collect(rows, err, func(row pgx.Rows) (ref seal.Ref, err error) {
		var key []byte
		err = row.Scan(&ref.Subject, &ref.Class, &key)
		found[ref] = key
		return ref, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: find keys: %w", err)
	}
	return found, nil
}

// Destroy makes keys unreadable for good, with those of their shares.
func (k keeper) Destroy(ctx context.Context, refs []seal.Ref) error {
	subjects, classes := columns(refs)
	err := k.send(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `WITH shares AS (
				UPDATE keys SET wrapped = NULL FROM unnest($1::text[], $2::text[]) AS r (subject, class)
				WHERE keys.subject = r.subject AND starts_with(keys.class, r.class || $3)
			)
			INSERT INTO keys (subject, class, wrapped)
			SELECT subject, class, NULL FROM unnest($1::text[], $2::text[]) AS r (subject, class)
			ON CONFLICT (subject, class) DO UPDATE SET wrapped = NULL`, subjects, classes, journal.ShareMark)
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: destroy keys: %w", err)
	}
	return nil
}
