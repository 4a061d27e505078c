package codelist

import (
	"context"
	"log/slog"
	"time"

	"koppi.internal/pkg/reload"
)

// File are lists with their file.
type File struct {
	*Codes

	file *reload.File[*Table]
}

// Open reads a file of lists; an empty path stands for the built-in lists. Watch applies later changes of
// the file.
func Open(path string) (*File, error) {
	if path == "" {
		table, err := Parse(BuiltIn)
		return &File{Codes: Hold(table)}, err
	}
	file, table, err := reload.Open(path, Parse)
	return &File{Codes: Hold(table), file: file}, err
}

// CheckEvery sets how often the file is read; call it before Watch.
func (f *File) CheckEvery(every time.Duration) { f.file.CheckEvery(every) }

// Watch reloads the file when it changes, until the context ends. A change that is refused is logged once,
// and the lists stay as they were.
func (f *File) Watch(ctx context.Context, logger *slog.Logger) {
	if f.file == nil {
		<-ctx.Done()
		return
	}
	f.file.Watch(ctx, logger, "codes", func(table *Table) {
		f.table.Store(table)
		logger.InfoContext(ctx, "the lists of codes were changed", slog.Int("codes", table.count()))
	})
}

func (t *Table) count() (codes int) {
	for _, list := range t.lists {
		codes += len(list)
	}
	return codes
}
