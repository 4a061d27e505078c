// Package reload takes files anew when they change, so that no process is restarted for
// them.
package reload

import (
	"bytes"
	"context"
	"time"
)

// Every is how often files are looked at. They are read and not asked for their time: a
// mounted file may be exchanged without one that is newer.
const Every = 2 * time.Second

// Follow reads every so often until the context ends, and hands on what is another than
// the last was. What cannot be read is being exchanged, and is read again.
func Follow(ctx context.Context, every time.Duration, last []byte, read func() ([]byte, error), take func([]byte)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		text, err := read()
		if err != nil || bytes.Equal(text, last) {
			continue
		}
		last = text
		take(text)
	}
}
