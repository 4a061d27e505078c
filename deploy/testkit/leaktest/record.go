// Package leaktest records what leaves the processes under test in any other way than as an answer
// to a caller who may know it: logs, traces, metrics, URLs, errors and mail. After all tests of a
// folder, Check searches the record for identity codes, tokens, names and free text.
package leaktest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
)

// Kind is the way by which something leaves.
type Kind string

// The kinds that are recorded.
const (
	Log   Kind = "log"
	Trace Kind = "trace or metric"
	URL   Kind = "URL"
	Error Kind = "error"
	Mail  Kind = "mail"
)

// Record is what left, in a file without a name.
type Record struct {
	mu     sync.Mutex
	file   *os.File
	counts map[Kind]int
}

// NewRecord returns an empty record.
func NewRecord() (*Record, error) {
	file, err := os.CreateTemp("", "koppi-left-")
	if err != nil {
		return nil, err
	}
	return &Record{file: file, counts: map[Kind]int{}}, os.Remove(file.Name())
}

// Note adds a text to the record. It panics if the text cannot be written, since the record would
// then prove nothing.
func (r *Record) Note(kind Kind, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[kind]++
	if _, err := fmt.Fprintf(r.file, "%s %s\n", kind, strings.ReplaceAll(text, "\n", " ")); err != nil {
		panic(err)
	}
}

// Count returns how many texts of a kind are in the record.
func (r *Record) Count(kind Kind) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[kind]
}

// current is the record of this process; nil until Start.
var current atomic.Pointer[Record]

// Start begins the record of this process. Without it Note records nothing.
func Start() error {
	record, err := NewRecord()
	if err != nil {
		return err
	}
	current.Store(record)
	return nil
}

// Note adds a text to the record of this process.
func Note(kind Kind, text string) {
	if record := current.Load(); record != nil {
		record.Note(kind, text)
	}
}

// Count returns how many texts of a kind are in the record of this process.
func Count(kind Kind) int {
	if record := current.Load(); record != nil {
		return record.Count(kind)
	}
	return 0
}

// Check searches the record of this process, reports to a writer, and returns false if it finds what
// must not leave.
func Check(report io.Writer) bool {
	record := current.Load()
	if record == nil {
		return true
	}
	leaks, err := record.Search()
	_, _ = fmt.Fprintf(report, "recorded and searched: %v\n", record.counts)
	if err != nil {
		_, _ = fmt.Fprintln(report, "the record cannot be searched:", err)
	}
	for _, leak := range leaks {
		_, _ = fmt.Fprintln(report, "this must not leave:", leak)
	}
	return err == nil && len(leaks) == 0
}

// LogWriter returns a writer for one process's log. It records whole lines.
func LogWriter() io.Writer { return &logWriter{} }

type logWriter struct {
	mu   sync.Mutex
	part []byte
}

func (w *logWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.part = append(w.part, text...)
	for {
		line, rest, whole := bytes.Cut(w.part, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		Note(Log, string(line))
		w.part = append([]byte(nil), rest...)
	}
}
