package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"koppi.internal/pkg/journal/seal"
)

// keeper keeps wrapped keys in a database of their own.
type keeper struct{ pool *pgxpool.Pool }

func columns(refs []seal.Ref) (subjects, classes []string) {
	for _, ref := range refs {
		subjects, classes = append(subjects, ref.Subject), append(classes, ref.Class)
	}
	return subjects, classes
}

func (k keeper) Keep(ctx context.Context, wrapped map[seal.Ref][]byte) error {
	var refs []seal.Ref
	var keys [][]byte
	for ref, key := range wrapped {
		refs, keys = append(refs, ref), append(keys, key)
	}
	subjects, classes := columns(refs)
	if _, err := k.pool.Exec(ctx, `INSERT INTO keys (subject, class, wrapped)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[]) ON CONFLICT DO NOTHING`, subjects, classes, keys); err != nil {
		return fmt.Errorf("postgres: keep keys: %w", err)
	}
	return nil
}

func (k keeper) Find(ctx context.Context, refs []seal.Ref) (map[seal.Ref][]byte, error) {
	subjects, classes := columns(refs)
	found := make(map[seal.Ref][]byte, len(refs))
	rows, err := k.pool.Query(ctx, `SELECT k.subject, k.class, k.wrapped
		FROM unnest($1::text[], $2::text[]) AS r (subject, class) JOIN keys k USING (subject, class)`, subjects, classes)
	if err != nil {
		return nil, fmt.Errorf("postgres: find keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var ref seal.Ref
		var key []byte
		if err := rows.Scan(&ref.Subject, &ref.Class, &key); err != nil {
			return nil, fmt.Errorf("postgres: find keys: %w", err)
		}
		found[ref] = key
	}
	return found, rows.Err()
}

func (k keeper) Destroy(ctx context.Context, refs []seal.Ref) error {
	subjects, classes := columns(refs)
	if _, err := k.pool.Exec(ctx, `INSERT INTO keys (subject, class, wrapped)
		SELECT subject, class, NULL FROM unnest($1::text[], $2::text[]) AS r (subject, class)
		ON CONFLICT (subject, class) DO UPDATE SET wrapped = NULL`, subjects, classes); err != nil {
		return fmt.Errorf("postgres: destroy keys: %w", err)
	}
	return nil
}
