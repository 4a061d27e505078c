package command_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// note is the smallest matter: a text that agency a sends to b, and to c once it says so. A text
// "key k" makes it hold the unique key k.
type note struct {
	matter.Head
	Text string
}

func (n note) toC() bool { return strings.HasPrefix(n.Text, "to c") }

func rulesOfNotes() command.Rules[note] {
	return command.Rules[note]{
		Service: "note",
		Evolve: func(n note, e matter.Event) note {
			if !n.Exists() {
				n.Head = matter.Begin(e, commonv1.LoopPhase_LOOP_PHASE_SENT)
			}
			if text, is := e.Message.(*wrapperspb.StringValue); is {
				n.Text = text.GetValue()
			}
			return n
		},
		Readers: func(n note, _ bool) []matter.Reader {
			readers := []matter.Reader{{Agency: "a", Role: matter.RoleSender}, {Agency: "b", Role: matter.RoleReceiver}}
			if n.toC() {
				readers = append(readers, matter.Reader{Agency: "c", Role: matter.RoleParticipant})
			}
			return readers
		},
		Disclose: func(_ note, e matter.Event, _ matter.Reader) (matter.Event, []matter.Withheld, bool) {
			return e, nil, true
		},
		Status:        func(note, matter.Reader) *commonv1.LoopStatus { return &commonv1.LoopStatus{} },
		WorklistEntry: func(note, matter.Reader) matter.WorklistEntry { return matter.WorklistEntry{} },
		Counters:      func(note, note, matter.Event) matter.Counters { return matter.Counters{} },
		Number:        func(note) int32 { return 1 },
		Held: func(n note) string {
			if key, holds := strings.CutPrefix(n.Text, "key "); holds {
				return key
			}
			return ""
		},
		NextCheck: func(matter.History[note]) time.Time { return time.Time{} },
		Overdue:   func(matter.History[note], time.Time) []matter.Event { return nil },
	}
}

// faults injects failures into a real store.
type faults struct {
	journal.Store
	// settled and append are the errors that these calls fail with; nil for none.
	settled, append error
	appends         int
}

func (s *faults) Settled(ctx context.Context) error {
	return errors.Join(s.settled, s.Store.Settled(ctx))
}

func (s *faults) Append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	if s.appends++; s.append != nil {
		return journal.Appended{}, s.append
	}
	return s.Store.Append(ctx, batch)
}

// fixture runs commands on notes in a SQLite journal.
type fixture struct {
	t      *testing.T
	store  *sqlite.Store
	faults *faults
	engine *command.Engine[note]
	now    time.Time
	// positions are the last notified positions, by agency.
	positions map[string]uint64
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	folder := t.TempDir()
	kek, err := seal.OpenKEK(filepath.Join(folder, "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(folder, "n.db"), KeysPath: filepath.Join(folder, "k.db"), KEK: kek})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		report, err := journal.Fsck(context.Background(), store)
		if err := errors.Join(err, report.Err(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	f := &fixture{
		t: t, store: store, faults: &faults{Store: store}, now: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC), positions: map[string]uint64{},
	}
	f.engine = &command.Engine[note]{
		Rules: rulesOfNotes(), Store: f.faults, Pseudonyms: pseudonyms{}, NewID: command.NewID, Logger: slog.New(slog.DiscardHandler),
		Now:    func() time.Time { return f.now },
		Notify: func(agency string, position uint64) { f.positions[agency] = position },
	}
	return f
}

type pseudonyms struct{}

func (pseudonyms) ClientName(agency, internal string) string { return agency + "/" + internal }
func (pseudonyms) CaseName(agency, internal string) string   { return agency + "/" + internal }
func (pseudonyms) MatterNumber(subject string) matter.Number { return matter.Number("of " + subject) }

// ordered is a command on a note.
type ordered command.Command[note, string]

// write is the command by which an agency gives a note a text.
func (f *fixture) write(agency, subject, text string) ordered {
	return ordered{
		Target: command.Target{Agency: agency, Scope: matter.WholeScope(agency), Subject: subject, Access: journal.Access{Role: "worker", Method: "write"}},
		Decide: func(_ matter.World[note], _ string, at time.Time) ([]matter.Event, error) {
			event := f.event(subject, text, at)
			event.By = &commonv1.Party{Agency: agency}
			return []matter.Event{event}, nil
		},
	}
}

func (o ordered) starts() ordered {
	o.Target.Starts = true
	return o
}

func (o ordered) request(id, body string) ordered {
	o.Target.RequestID, o.Target.Digest = id, []byte(body)
	return o
}

func (f *fixture) must(o ordered) command.Result[note] {
	f.t.Helper()
	result, err := command.Handle(f.t.Context(), f.engine, command.Command[note, string](o))
	if err != nil {
		f.t.Fatal(err)
	}
	return result
}

func (f *fixture) refuses(o ordered, want fault.Reason) {
	f.t.Helper()
	if _, err := command.Handle(f.t.Context(), f.engine, command.Command[note, string](o)); fault.ReasonOf(err) != want {
		f.t.Errorf("refused with %v, want %s", err, want)
	}
}
