package directory

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"time"

	"koppi.internal/pkg/reload"
)

// Open reads a directory file. Watch applies later changes of the file.
func Open(path string) (*File, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, err
	}
	directory, err := Parse(text)
	return &File{Directory: directory, path: path, seen: text, every: reload.Every}, err
}

// File is a directory with its file.
type File struct {
	*Directory

	path  string
	seen  []byte
	every time.Duration
}

// CheckEvery sets how often the file is checked; call it before Watch.
func (f *File) CheckEvery(every time.Duration) { f.every = every }

// Watch reloads the file when it changes, until the context ends. A change that is refused is logged once,
// and the directory stays as it was.
func (f *File) Watch(ctx context.Context, logger *slog.Logger) {
	reload.Follow(ctx, f.every, f.seen, func() ([]byte, error) { return os.ReadFile(f.path) }, func(text []byte) { f.take(ctx, logger, text) })
}

func (f *File) take(ctx context.Context, logger *slog.Logger, text []byte) {
	read, err := Parse(text)
	if err != nil {
		logger.ErrorContext(ctx, "the changed directory is invalid; the previous directory stays in use", slog.String("error", err.Error()))
		return
	}
	before := f.Called()
	f.Replace(read)
	logger.InfoContext(ctx, "the directory was changed", slog.Int("agencies", len(f.agencies())))
	if !slices.Equal(before, f.Called()) {
		logger.WarnContext(ctx, "the callback endpoints have changed; restart the gateway to use them")
	}
}
