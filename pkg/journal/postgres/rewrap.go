package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal/seal"
)

var _ seal.Rewrapper = keeper{}

// Wrapped reads keys in the order of their names.
func (k keeper) Wrapped(ctx context.Context, after seal.Ref, limit int) ([]seal.Wrapped, error) {
	found, err := k.pool.Query(ctx, `SELECT subject, class, wrapped FROM keys
		WHERE wrapped IS NOT NULL AND (subject, class) > ($1, $2) ORDER BY subject, class LIMIT $3`, after.Subject, after.Class, limit)
	all, err := collect(found, err, func(row pgx.Rows) (one seal.Wrapped, err error) {
		err = row.Scan(&one.Subject, &one.Class, &one.Key)
		return one, err
	})
	return all, wrap("read keys", err)
}

// Replace stores each new key where its old one is still stored.
func (k keeper) Replace(ctx context.Context, replacements []seal.Replacement) error {
	var subjects, classes []string
	var keys, old [][]byte
	for _, one := range replacements {
		subjects, classes = append(subjects, one.Subject), append(classes, one.Class)
		keys, old = append(keys, one.Key), append(old, one.Old)
	}
	err := k.send(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `UPDATE keys SET wrapped = r.wrapped
		FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) AS r (subject, class, wrapped, old)
		WHERE keys.subject = r.subject AND keys.class = r.class AND keys.wrapped = r.old`, subjects, classes, keys, old)
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: replace keys: %w", err)
	}
	return nil
}
