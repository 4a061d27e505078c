// Package reload reads files again when they change, so that no process needs a restart for that.
package reload

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"time"

	"koppi.internal/pkg/periodic"
)

// Every is how often files are read. Their content is compared, not their modification time, because a
// mounted file may be replaced by one that is not newer.
const Every = 2 * time.Second

// Follow calls read at the given interval until the context ends, and passes content that differs from the
// last to take. If read fails, the file is probably being replaced, and is read again at the next interval.
func Follow(ctx context.Context, every time.Duration, last []byte, read func() ([]byte, error), take func([]byte)) {
	periodic.Job{Name: "reload", Every: every, Later: true, Do: func(context.Context) error {
		if text, err := read(); err == nil && !bytes.Equal(text, last) {
			last = text
			take(text)
		}
		return nil
	}}.Run(ctx)
}

// File is a configuration file of values that are parsed again when it changes.
type File[T any] struct {
	path  string
	seen  []byte
	every time.Duration
	parse func([]byte) (T, error)
}

// Open reads and parses a file.
func Open[T any](path string, parse func([]byte) (T, error)) (*File[T], T, error) {
	var none T
	text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, none, err
	}
	read, err := parse(text)
	return &File[T]{path: path, seen: text, every: Every, parse: parse}, read, err
}

// CheckEvery sets how often the file is read; call it before Watch.
func (f *File[T]) CheckEvery(every time.Duration) { f.every = every }

// Watch parses the file again when it changes, until the context ends, and passes what it read to take. A
// change that is refused is logged once, under the name of the file's content, and nothing changes.
func (f *File[T]) Watch(ctx context.Context, logger *slog.Logger, name string, take func(T)) {
	Follow(ctx, f.every, f.seen, func() ([]byte, error) { return os.ReadFile(f.path) }, func(text []byte) {
		read, err := f.parse(text)
		if err != nil {
			logger.ErrorContext(ctx, "a changed file is invalid; its previous content stays in use",
				slog.String("file", name), slog.String("error", err.Error()))
			return
		}
		take(read)
	})
}
