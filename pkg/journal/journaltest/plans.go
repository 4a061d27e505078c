package journaltest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

// Statements are the texts of the statements that a store executed.
type Statements map[string]bool

// ExecuteReads reads with each combination of filters, so that the store executes each of its reading
// statements; the suite executes the others. A test that records the statements compares their
// query plans with the indexes.
func ExecuteReads(t *testing.T, store Store) {
	t.Helper()
	for _, query := range queries() {
		if _, err := store.WorklistEntries(t.Context(), query); err != nil {
			t.Fatalf("%+v: %v", query, err)
		}
	}
	for bits := range 1 << 4 {
		asked := journal.DeliveryQuery{Agency: "a", After: uint64(bits & 1), ID: when(bits, 1, "id"), Subject: when(bits, 2, "s"), Limit: bits >> 3 & 1}
		if _, err := store.Deliveries(t.Context(), asked); err != nil {
			t.Fatalf("%+v: %v", asked, err)
		}
	}
	for bits := range 1 << 5 {
		asked := journal.AccessQuery{Client: "c", Agency: when(bits, 0, "a"), ChangesOf: when(bits, 4, "s"), From: int64(bits >> 1 & 1), To: int64(bits >> 2 & 1), Before: int64(bits >> 3 & 1), Limit: 1}
		if _, err := store.Accesses(t.Context(), asked); err != nil {
			t.Fatalf("%+v: %v", asked, err)
		}
	}
	for _, names := range [][]string{nil, {"a"}, {"a", "b"}} {
		for what, read := range map[string]func() error{
			"heads":     func() error { return failed(store.Positions(t.Context(), names...)) },
			"consumers": func() error { return failed(store.Consumers(t.Context(), "a", names...)) },
			"sequences": func() error { return failed(store.Sequences(t.Context(), "a", names...)) },
			"load":      func() error { return failed(store.Load(t.Context(), names...)) },
			"claims":    func() error { return failed(store.UniqueKeys(t.Context(), names...)) },
			"parked":    func() error { return failed(store.Parked(t.Context(), strings.Join(names, ""))) },
		} {
			if err := read(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
	}
}

func failed[T any](_ T, err error) error { return err }

// when returns the text where the bit is set, and else an empty string.
func when(bits, at int, text string) string {
	if bits>>at&1 == 0 {
		return ""
	}
	return text
}

// queries returns all combinations of the conditions that an index serves with those that only
// filter.
func queries() []journal.Query {
	var all []journal.Query
	for _, lead := range []journal.Query{
		{Agency: "a"},
		{Subject: "s"},
		{Agency: "a", Subject: "s"},
		{Client: "c"},
		{Agency: "a", Client: "c"},
		{Agency: "a", Case: "k"},
		{Agency: "a", Client: "c", Case: "k"},
		{Agency: "a", Number: "n"},
		{Agency: "a", OpenOnly: true, Readable: &journal.Readable{Parts: []string{" u "}, None: []string{" u "}, Clients: []string{"c"}, ClientParts: []string{" u "}}},
		{Agency: "a", Client: "c", Readable: &journal.Readable{Parts: []string{" u "}}},
		{Agency: "a", Unit: "u", OpenOnly: true, Readable: &journal.Readable{Parts: []string{" u "}}},
		{Agency: "a", Client: "c", Number: "n"},
		{Client: "c", Number: "n"},
	} {
		for bits := range 1 << 8 {
			set := func(at int) bool { return bits>>at&1 == 1 }
			query := lead
			query.Role, query.Worker, query.Unit = journal.Role(when(bits, 0, "sender")), when(bits, 1, "w"), when(bits, 2, "u")
			query.OverdueOnly, query.WithHidden, query.HiddenOnly, query.OpenOnly = set(3), set(4), set(5), set(6)
			if set(7) {
				// No index serves these conditions, so they are set all together or not at all.
				query.Unassigned, query.OwnTurn, query.ToDo = !set(1), true, true
				query.States, query.StartedAfter, query.WithdrawnAfter = []int32{1, 2}, noon, noon
				query.After, query.Limit = &journal.WorklistCursor{DueAt: noon.Add(time.Hour), Subject: "s"}, 10
			}
			all = append(all, query)
		}
	}
	return all
}

// Unmade returns the statements in a store's sources that were not executed, by file and line: each
// string that begins like a statement must be part of an executed one. It skips the files in left,
// whose statements read whole tables for fsck.
func Unmade(t *testing.T, made Statements, left ...string) []string {
	t.Helper()
	var whole strings.Builder
	for text := range made {
		whole.WriteString(plain(text) + "\n")
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.Contains(strings.Join(left, " "), name) {
			continue
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			literal, ok := node.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err == nil && isStatement(text) && !strings.Contains(whole.String(), plain(text)) {
				missing = append(missing, files.Position(literal.Pos()).String()+": "+plain(text))
			}
			return true
		})
	}
	return missing
}

// plain replaces each run of white space by one space.
func plain(text string) string { return strings.Join(strings.Fields(text), " ") }

func isStatement(text string) bool {
	first, _, _ := strings.Cut(plain(text), " ")
	switch first {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		return true
	}
	return false
}
