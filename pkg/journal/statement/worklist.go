// Package statement builds the statements with which both stores read worklists and the access log.
// A statement holds only the filters that the query sets: a condition that can be switched off,
// such as "($1 IS NULL OR id = $1)", keeps the planner from using any index.
package statement

import (
	"fmt"
	"strconv"
	"strings"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// Lead is the condition that an index serves. The other filters are applied to the rows that the
// index finds.
type Lead string

// Each lead has an index in the migrations of both stores.
const (
	BySubject Lead = "subject"
	ByClient  Lead = "client"
	ByCase    Lead = "case_id"
	ByNumber  Lead = "number"
	ByHidden  Lead = "hidden"
	ByOverdue Lead = "overdue"
	ByWorker  Lead = "worker"
	ByUnit    Lead = "unit"
	BySecond  Lead = "second"
	ByOnCall  Lead = "on_call"
	ByOpen    Lead = "open"
	ByRole    Lead = "role"
)

// LeadOf returns the lead of a query.
func LeadOf(query journal.Query) Lead {
	switch {
	case query.Subject != "":
		return BySubject
	case query.Client != "":
		return ByClient
	case query.Case != "":
		return ByCase
	case query.Number != "":
		return ByNumber
	case query.HiddenOnly:
		return ByHidden
	case query.OverdueOnly && !query.WithHidden:
		return ByOverdue
	case query.Worker != "":
		return ByWorker
	case query.Second != "":
		return BySecond
	case query.OnCall != "":
		return ByOnCall
	case query.Unit != "":
		return ByUnit
	case query.OpenOnly && !query.WithHidden && query.Role == "":
		return ByOpen
	default:
		return ByRole
	}
}

// roles are an agency's roles in matters. A query for all roles reads the rows of each role in the
// order of their index.
var roles = []journal.Role{journal.RoleSender, journal.RoleReceiver, journal.RoleParticipant, journal.RoleOfficer}

// Dialect holds the differences between the SQL of the two stores.
type Dialect struct {
	// Columns are the columns to read.
	Columns string
	// Parameter returns the n-th parameter, counted from 1.
	Parameter func(n int) string
	// Position is the function that returns the place of one text in another; 0 if it is not in it.
	Position string
	// Agency is the expression for the agency of the party that acted, in a row of accesses, as in
	// its index.
	Agency string
}

// WorklistEntries returns the statement for a query, and its arguments.
func (d Dialect) WorklistEntries(query journal.Query) (string, []any) {
	s := &selecting{Dialect: d, limit: query.Limit}
	if LeadOf(query) != ByRole || query.Role != "" {
		return s.from(query), s.args
	}
	var parts []string
	for _, role := range roles {
		query.Role = role
		parts = append(parts, fmt.Sprintf("SELECT * FROM (%s) AS %s", s.from(query), role))
	}
	return strings.Join(parts, "\nUNION ALL ") + s.order(), s.args
}

// selecting is a statement under construction.
type selecting struct {
	Dialect

	args  []any
	limit int
}

// value adds an argument and returns its parameter.
func (s *selecting) value(value any) string {
	s.args = append(s.args, value)
	return s.Parameter(len(s.args))
}

// from returns one SELECT, in the order of worklists.
func (s *selecting) from(query journal.Query) string {
	conditions := append(s.names(query), flags(query)...)
	if query.Marks != 0 {
		conditions = append(conditions, fmt.Sprintf("marks >= 0 AND marks & %[1]d = %[1]d", query.Marks))
	}
	if len(query.States) > 0 {
		conditions = append(conditions, "state IN ("+numbers(query.States)+")")
	}
	if !query.StartedAfter.IsZero() {
		conditions = append(conditions, "started_at >= "+s.value(query.StartedAfter.UnixMicro()))
	}
	if !query.WithdrawnAfter.IsZero() {
		conditions = append(conditions, "withdrawn_at >= "+s.value(query.WithdrawnAfter.UnixMicro()))
	}
	if query.Readable != nil {
		conditions = append(conditions, s.readable(*query.Readable))
	}
	if query.After != nil {
		due := s.value(rows.Micros(query.After.DueAt, rows.Never))
		conditions = append(conditions, "(due_at, subject) > ("+due+", "+s.value(query.After.Subject)+")")
	}
	return "SELECT " + s.Columns + " FROM standings WHERE " + strings.Join(conditions, " AND ") + s.order()
}

// readable returns the condition on what one person may read.
func (s *selecting) readable(r journal.Readable) string {
	any := []string{s.has(r.Parts)}
	if r.None != nil {
		any = append(any, "parts <> '' AND NOT "+s.has(r.None))
	}
	if len(r.Clients) > 0 {
		clients := make([]string, 0, len(r.Clients))
		for _, client := range r.Clients {
			// Written so that no index of clients serves it: see names.
			clients = append(clients, "client || '' = "+s.value(client))
		}
		any = append(any, "("+strings.Join(clients, " OR ")+") AND "+s.has(r.ClientParts))
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

// has returns the condition that an entry has one of the parts.
func (s *selecting) has(parts []string) string {
	if len(parts) == 0 {
		return "false"
	}
	any := make([]string, 0, len(parts))
	for _, part := range parts {
		any = append(any, s.Position+"(parts, "+s.value(part)+") > 0")
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

func (s *selecting) order() string {
	order := " ORDER BY due_at, subject, agency"
	if s.limit > 0 {
		order += " LIMIT " + s.value(s.limit)
	}
	return order
}

// names returns the conditions on columns with names. Conditions other than the lead are written so
// that no index serves them. Otherwise a planner without statistics would choose another index,
// only because its rows come sorted.
func (s *selecting) names(query journal.Query) []string {
	lead := LeadOf(query)
	conditions := s.subjects(lead, query)
	for _, filter := range []struct {
		column, value string
		leads         bool
	}{
		{"agency", query.Agency, lead != BySubject && lead != ByClient && lead != ByCase},
		{"subject", query.Subject, lead == BySubject},
		{"client", query.Client, false},
		{"case_id", query.Case, false},
		{"number", query.Number, lead == ByNumber},
		{"role", string(query.Role), lead == ByRole},
		{"worker", query.Worker, lead == ByWorker},
		{"unit", query.Unit, lead == ByUnit},
		{"second", query.Second, lead == BySecond},
		{"on_call", query.OnCall, lead == ByOnCall},
	} {
		switch {
		case filter.value == "":
		case filter.leads:
			conditions = append(conditions, filter.column+" = "+s.value(filter.value))
		default:
			conditions = append(conditions, filter.column+" || '' = "+s.value(filter.value))
		}
	}
	return conditions
}

// subjects returns the condition of a query that is led by the subjects of a client or of a case. A subject
// has one row in loops and one for each reader in standings, so the indexes are of loops.
func (s *selecting) subjects(lead Lead, query journal.Query) []string {
	switch lead {
	case ByClient:
		return []string{"subject IN (SELECT subject FROM loops WHERE client = " + s.value(query.Client) + ")"}
	case ByCase:
		return []string{"subject IN (SELECT subject FROM loops WHERE case_id <> '' AND case_id = " + s.value(query.Case) + ")"}
	default:
		return nil
	}
}

// flags returns the conditions that take no argument.
func flags(query journal.Query) []string {
	var conditions []string
	for _, flag := range []struct {
		set       bool
		condition string
	}{
		{query.OverdueOnly, "overdue"},
		{query.HiddenOnly, "hidden AND NOT ended"},
		{!query.HiddenOnly && !query.WithHidden, "NOT hidden"},
		{query.OpenOnly, "NOT ended"},
		// The index of workers has this condition.
		{query.Worker != "", "worker <> ''"},
		{query.Second != "", "second <> ''"},
		{query.OnCall != "", "on_call <> ''"},
		{query.Unassigned, "worker = ''"},
		{query.OwnTurn, "waiting_on = agency"},
		{query.ToDo, "(role <> 'sender' OR waiting_on = agency)"},
	} {
		if flag.set {
			conditions = append(conditions, flag.condition)
		}
	}
	return conditions
}

func numbers(states []int32) string {
	texts := make([]string, 0, len(states))
	for _, state := range states {
		texts = append(texts, strconv.FormatInt(int64(state), 10))
	}
	return strings.Join(texts, ", ")
}
