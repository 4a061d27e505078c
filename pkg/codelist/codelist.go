// Package codelist holds the lists of codes: the values that some fields of requests may have, and what
// people call them. The lists are a declarative file that is validated as a whole when it is read, so that
// an installation adds a value without a release.
package codelist

import (
	_ "embed"
	"slices"
	"sync/atomic"
)

// PaperKinds is the name of the list of kinds of documents, such as "lease".
const PaperKinds = "papers"

// names are the names of all lists. A field that names its list (koppi.common.v1.code_list) names one of
// these.
var names = []string{PaperKinds}

// languages are those of the pages.
var languages = []string{"fi", "sv", "en"}

// BuiltIn is the file of the lists that hold if none is configured.
//
//go:embed codes.json
var BuiltIn []byte

// Code is one value. Callers must not change its names.
type Code struct {
	Key string
	// Names are what people call it, by language: fi, sv and en.
	Names map[string]string
}

// Table is a validated file of lists. It does not change. The zero value has no lists.
type Table struct{ lists map[string][]Code }

// List returns the codes of a list, in its order; false if there is no such list.
func (t *Table) List(name string) ([]Code, bool) {
	list, known := t.lists[name]
	return slices.Clone(list), known
}

// Has reports whether a list has a key.
func (t *Table) Has(list, key string) bool {
	return slices.ContainsFunc(t.lists[list], func(code Code) bool { return code.Key == key })
}

// Codes are the lists that hold now. They are safe for concurrent use.
type Codes struct{ table atomic.Pointer[Table] }

// Hold makes Codes of a table.
func Hold(table *Table) *Codes {
	held := &Codes{}
	held.table.Store(table)
	return held
}

// Table returns the lists. Codes that are nil have none.
func (c *Codes) Table() *Table {
	if c == nil {
		return &Table{}
	}
	return c.table.Load()
}
