package directory

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"koppi.internal/pkg/reload"
)

// File is a directory with its file.
type File struct {
	*Directory

	file *reload.File[*Directory]
}

// Open reads a directory file. Watch applies later changes of the file.
func Open(path string) (*File, error) {
	file, read, err := reload.Open(path, Parse)
	return &File{Directory: read, file: file}, err
}

// LogAgencyWide warns of the agencies whose people read all matters of the agency, in one line. A process
// calls it when it starts.
func (d *Directory) LogAgencyWide(ctx context.Context, logger *slog.Logger) {
	if keys := d.AgencyWide(); len(keys) > 0 {
		logger.WarnContext(ctx, "all people of an agency read all of its matters", slog.String("agencies", strings.Join(keys, " ")))
	}
}

// CheckEvery sets how often the file is checked; call it before Watch.
func (f *File) CheckEvery(every time.Duration) { f.file.CheckEvery(every) }

// Watch reloads the file when it changes, until the context ends. A change that is refused is logged once,
// and the directory stays as it was.
func (f *File) Watch(ctx context.Context, logger *slog.Logger) {
	f.file.Watch(ctx, logger, "directory", func(read *Directory) {
		before := f.Called()
		f.Replace(read)
		logger.InfoContext(ctx, "the directory was changed", slog.Int("agencies", len(f.agencies())))
		if !slices.Equal(before, f.Called()) {
			logger.WarnContext(ctx, "the callback endpoints have changed; restart the gateway to use them")
		}
	})
}
