package sqlite

import (
	"context"
	"database/sql"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

const accessColumns = `at, by, role, on_behalf_of, subject, client, method, purpose, basis, trace, head`

// Accesses of a client, the latest first.
func (s *Store) Accesses(ctx context.Context, asked journal.AccessQuery) ([]journal.NumberedAccess, error) {
	return query(ctx, s, func(found *sql.Rows) (row journal.NumberedAccess, err error) {
		row.Access, err = scanAccess(found, &row.Number)
		return row, err
	}, `SELECT number, `+accessColumns+` FROM accesses
		WHERE client = ?1 AND at >= ?2 AND (?3 = 0 OR at < ?3) AND (?4 = 0 OR number < ?4) AND role <> 'clock'
			AND (?5 = '' OR subject = ?5 AND head <> x'')
		ORDER BY number DESC LIMIT ?6`, asked.Client, asked.From, asked.To, asked.Before, asked.ChangesOf, asked.Limit)
}

// scanAccess reads an access behind what stands before it.
func scanAccess(found *sql.Rows, before ...any) (row journal.Access, err error) {
	var at int64
	err = found.Scan(append(before, &at, &row.By, &row.Role, &row.OnBehalfOf, &row.Subject, &row.Client, &row.Method, &row.Purpose, &row.Basis, &row.Trace, &row.Head)...)
	row.At = time.UnixMicro(at).UTC()
	row.By, row.Basis, row.Head = rows.OrNil(row.By), rows.OrNil(row.Basis), rows.OrNil(row.Head)
	return row, err
}
