package ground

import (
	"context"
	_ "embed"
	"log/slog"
	"sync/atomic"
	"time"

	"koppi.internal/pkg/reload"
)

// BuiltIn is the file of the table that holds if none is configured.
//
//go:embed grounds.json
var BuiltIn []byte

// Grounds is the table that holds now. It is safe for concurrent use.
type Grounds struct{ table atomic.Pointer[Table] }

// Hold makes Grounds of a table.
func Hold(table *Table) *Grounds {
	held := &Grounds{}
	held.table.Store(table)
	return held
}

// Table returns the table.
func (g *Grounds) Table() *Table { return g.table.Load() }

// File is a table with its file.
type File struct {
	*Grounds

	file *reload.File[*Table]
}

// Open reads a file of grounds; an empty path stands for the built-in table. Watch applies later changes
// of the file.
func Open(path string) (*File, error) {
	if path == "" {
		table, err := Parse(BuiltIn)
		return &File{Grounds: Hold(table)}, err
	}
	file, table, err := reload.Open(path, Parse)
	return &File{Grounds: Hold(table), file: file}, err
}

// CheckEvery sets how often the file is read; call it before Watch.
func (f *File) CheckEvery(every time.Duration) { f.file.CheckEvery(every) }

// Watch reloads the file when it changes, until the context ends. A change that is refused is logged once,
// and the table stays as it was.
func (f *File) Watch(ctx context.Context, logger *slog.Logger) {
	if f.file == nil {
		<-ctx.Done()
		return
	}
	f.file.Watch(ctx, logger, "grounds", func(table *Table) {
		f.table.Store(table)
		logger.InfoContext(ctx, "the grounds were changed", slog.Int("rows", len(table.Rows())))
	})
}
