// Package reload reads files again when they change, so that no process needs a restart for that.
package reload

import (
	"bytes"
	"context"
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
