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
	ByToDo    Lead = "to do"
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
	case query.OpenOnly && query.ToDo && !query.WithHidden && query.Role == "":
		return ByToDo
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

// argument takes one argument of a statement from the query.
type argument func(query journal.Query) any

// built is the statement of all queries of one shape.
type built struct {
	text      string
	arguments []argument
}

// build returns the statement for queries of this shape. Its text depends on nothing that shapeOf leaves out.
func (d Dialect) build(query journal.Query) built {
	s := &selecting{Dialect: d}
	if LeadOf(query) != ByRole || query.Role != "" {
		text := s.from(query, func(q journal.Query) any { return string(q.Role) })
		return built{text, s.arguments}
	}
	var parts []string
	for _, role := range roles {
		query.Role = role
		parts = append(parts, fmt.Sprintf("SELECT * FROM (%s) AS %s", s.from(query, func(journal.Query) any { return string(role) }), role))
	}
	text := strings.Join(parts, "\nUNION ALL ") + s.order(query)
	return built{text, s.arguments}
}

// selecting is a statement under construction.
type selecting struct {
	Dialect

	arguments []argument
}

// value adds an argument and returns its parameter.
func (s *selecting) value(take argument) string {
	s.arguments = append(s.arguments, take)
	return s.Parameter(len(s.arguments))
}

// from returns one SELECT, in the order of worklists.
func (s *selecting) from(query journal.Query, role argument) string {
	conditions := append(s.names(query, role), flags(query)...)
	if query.Marks != 0 {
		conditions = append(conditions, fmt.Sprintf("marks >= 0 AND marks & %[1]d = %[1]d", query.Marks))
	}
	if len(query.States) > 0 {
		conditions = append(conditions, "state IN ("+numbers(query.States)+")")
	}
	if !query.StartedAfter.IsZero() {
		conditions = append(conditions, "started_at >= "+s.value(func(q journal.Query) any { return q.StartedAfter.UnixMicro() }))
	}
	if !query.WithdrawnAfter.IsZero() {
		conditions = append(conditions, "withdrawn_at >= "+s.value(func(q journal.Query) any { return q.WithdrawnAfter.UnixMicro() }))
	}
	if query.Readable != nil {
		conditions = append(conditions, s.readable(*query.Readable))
	}
	if query.After != nil {
		due := s.value(func(q journal.Query) any { return rows.Micros(q.After.DueAt, rows.Never) })
		conditions = append(conditions, "(due_at, subject) > ("+due+", "+s.value(func(q journal.Query) any { return q.After.Subject })+")")
	}
	return "SELECT " + s.Columns + " FROM standings WHERE " + strings.Join(conditions, " AND ") + s.order(query)
}

// readable returns the condition on what one person may read.
func (s *selecting) readable(r journal.Readable) string {
	options := []string{s.has(len(r.Parts), func(r *journal.Readable) []string { return r.Parts })}
	if r.None != nil {
		options = append(options, "parts <> '' AND NOT "+s.has(len(r.None), func(r *journal.Readable) []string { return r.None }))
	}
	if len(r.Clients) > 0 {
		// Written so that no index of clients serves it: see names.
		clients := s.each("client || '' = %s", len(r.Clients), func(r *journal.Readable) []string { return r.Clients })
		options = append(options, clients+" AND "+s.has(len(r.ClientParts), func(r *journal.Readable) []string { return r.ClientParts }))
	}
	return "(" + strings.Join(options, " OR ") + ")"
}

// has returns the condition that an entry has one of n parts.
func (s *selecting) has(n int, parts func(*journal.Readable) []string) string {
	if n == 0 {
		return "false"
	}
	return s.each(s.Position+"(parts, %s) > 0", n, parts)
}

// each returns a condition for each of n values, of which one must hold.
func (s *selecting) each(condition string, n int, values func(*journal.Readable) []string) string {
	options := make([]string, 0, n)
	for i := range n {
		options = append(options, fmt.Sprintf(condition, s.value(func(q journal.Query) any { return values(q.Readable)[i] })))
	}
	return "(" + strings.Join(options, " OR ") + ")"
}

func (s *selecting) order(query journal.Query) string {
	order := " ORDER BY due_at, subject, agency"
	if query.Limit > 0 {
		order += " LIMIT " + s.value(func(q journal.Query) any { return q.Limit })
	}
	return order
}

// names returns the conditions on columns with names. Conditions other than the lead are written so
// that no index serves them. Otherwise a planner without statistics would choose another index,
// only because its rows come sorted.
func (s *selecting) names(query journal.Query, role argument) []string {
	lead := LeadOf(query)
	conditions := s.subjects(lead)
	for _, filter := range []struct {
		column     string
		set, leads bool
		value      argument
	}{
		{"agency", query.Agency != "", lead != BySubject && lead != ByClient && lead != ByCase, func(q journal.Query) any { return q.Agency }},
		{"subject", query.Subject != "", lead == BySubject, func(q journal.Query) any { return q.Subject }},
		{"client", query.Client != "", false, func(q journal.Query) any { return q.Client }},
		{"case_id", query.Case != "", false, func(q journal.Query) any { return q.Case }},
		{"number", query.Number != "", lead == ByNumber, func(q journal.Query) any { return q.Number }},
		{"role", query.Role != "", lead == ByRole, role},
		{"worker", query.Worker != "", lead == ByWorker, func(q journal.Query) any { return q.Worker }},
		{"unit", query.Unit != "", lead == ByUnit, func(q journal.Query) any { return q.Unit }},
		{"second", query.Second != "", lead == BySecond, func(q journal.Query) any { return q.Second }},
		{"on_call", query.OnCall != "", lead == ByOnCall, func(q journal.Query) any { return q.OnCall }},
	} {
		switch {
		case !filter.set:
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
func (s *selecting) subjects(lead Lead) []string {
	switch lead {
	case ByClient:
		return []string{"subject IN (SELECT subject FROM loops WHERE client = " + s.value(func(q journal.Query) any { return q.Client }) + ")"}
	case ByCase:
		return []string{"subject IN (SELECT subject FROM loops WHERE case_id <> '' AND case_id = " + s.value(func(q journal.Query) any { return q.Case }) + ")"}
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
