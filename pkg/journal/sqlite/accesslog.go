package sqlite

import (
	"context"
	"database/sql"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/statement"
)

const accessColumns = `at, by, role, on_behalf_of, subject, client, method, purpose, basis, trace, head`

// Accesses returns the accesses to a client's data, the latest first.
func (s *Store) Accesses(ctx context.Context, asked journal.AccessQuery) ([]journal.NumberedAccess, error) {
	text, args := statement.Accesses(statement.Dialect{Columns: `number, ` + accessColumns, Parameter: dialect.Parameter, Agency: agencyOf}, asked)
	return query(ctx, s, func(found *sql.Rows) (row journal.NumberedAccess, err error) {
		row.Access, err = scanAccess(found, &row.Number)
		return row, err
	}, text, args...)
}

// agencyOf is the SQL for the agency of the party that acted; migration 11 has the same expression
// in an index. The agency is the first field of a serialized koppi.common.v1.Party, after its tag
// and its length, which is below 128.
const agencyOf = `substr(by, 1, CASE WHEN hex(substr(by, 1, 1)) = '0A' THEN 1 + instr('0123456789ABCDEF', substr(hex(substr(by, 2, 1)), 1, 1)) * 16 - 16 + instr('0123456789ABCDEF', substr(hex(substr(by, 2, 1)), 2, 1)) ELSE 0 END)`

// scanAccess reads an access and, into before, the columns that precede it.
func scanAccess(found *sql.Rows, before ...any) (row journal.Access, err error) {
	var at int64
	err = found.Scan(append(before, &at, &row.By, &row.Role, &row.OnBehalfOf, &row.Subject, &row.Client, &row.Method, &row.Purpose, &row.Basis, &row.Trace, &row.Head)...)
	row.At = time.UnixMicro(at).UTC()
	row.By, row.Basis, row.Head = rows.OrNil(row.By), rows.OrNil(row.Basis), rows.OrNil(row.Head)
	return row, err
}
