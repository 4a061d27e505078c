package statement

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"koppi.internal/pkg/journal"
)

// agencyField is the field number of koppi.common.v1.Party.agency.
const agencyField = 1

// Accesses returns the statement for a query, and its arguments. The latest access comes first,
// which is the order of the index.
func Accesses(d Dialect, asked journal.AccessQuery) (string, []any) {
	var args []any
	value := func(value any) string {
		args = append(args, value)
		return d.Parameter(len(args))
	}
	conditions := []string{"client = " + value(asked.Client)}
	if asked.Agency != "" {
		conditions = append(conditions, d.Agency+" = "+value(protowire.AppendString(protowire.AppendTag(nil, agencyField, protowire.BytesType), asked.Agency)))
	}
	if asked.From > 0 {
		conditions = append(conditions, "at >= "+value(asked.From))
	}
	if asked.To > 0 {
		conditions = append(conditions, "at < "+value(asked.To))
	}
	if asked.ChangesOf != "" {
		conditions = append(conditions, "subject = "+value(asked.ChangesOf), "length(head) > 0")
	}
	if asked.Before > 0 {
		conditions = append(conditions, "number < "+value(asked.Before))
	}
	return "SELECT " + d.Columns + " FROM accesses WHERE " + strings.Join(conditions, " AND ") +
		" AND role <> 'clock' ORDER BY number DESC LIMIT " + value(asked.Limit), args
}
