package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// marks are the ids of the stories' matters, in which no robot has a part. A file keeps them.
type marks struct {
	path string

	mu    sync.Mutex
	known map[string]bool
}

func openMarks(path string) (*marks, error) {
	m := &marks{path: path, known: map[string]bool{}}
	text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, id := range strings.Fields(string(text)) {
		m.known[id] = true
	}
	return m, nil
}

// add marks ids.
func (m *marks) add(ids []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var fresh strings.Builder
	for _, id := range ids {
		if !m.known[id] {
			fresh.WriteString(id + "\n")
		}
		m.known[id] = true
	}
	if fresh.Len() == 0 {
		return nil
	}
	file, err := os.OpenFile(m.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(fresh.String())
	return errors.Join(err, file.Close())
}

// has reports whether a matter is marked, by its name.
func (m *marks) has(subject string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, id, _ := strings.Cut(subject, "/")
	return m.known[id]
}
