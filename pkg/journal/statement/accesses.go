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
	s := &selecting{Dialect: d, limit: asked.Limit}
	conditions := []string{"client = " + s.value(asked.Client)}
	if asked.Agency != "" {
		conditions = append(conditions, d.Agency+" = "+s.value(protowire.AppendString(protowire.AppendTag(nil, agencyField, protowire.BytesType), asked.Agency)))
	}
	if asked.From > 0 {
		conditions = append(conditions, "at >= "+s.value(asked.From))
	}
	if asked.To > 0 {
		conditions = append(conditions, "at < "+s.value(asked.To))
	}
	if asked.ChangesOf != "" {
		conditions = append(conditions, "subject = "+s.value(asked.ChangesOf), "length(head) > 0")
	}
	if asked.Before > 0 {
		conditions = append(conditions, "number < "+s.value(asked.Before))
	}
	return "SELECT " + d.Columns + " FROM accesses WHERE " + strings.Join(conditions, " AND ") +
		" AND role <> 'clock' ORDER BY number DESC LIMIT " + s.value(asked.Limit), s.args
}
