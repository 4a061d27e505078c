package concern_test

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/service"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// rewrite runs statements on a journal, as a program of the previous version beside this one.
func rewrite(t *testing.T, store *faulty, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+store.path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// others set rows as other rules would: other states, due times and turns, and no next check.
var others = []string{
	`UPDATE loops SET derived = version - 1, state = 99, next_check_at = 9223372036854775807`,
	`UPDATE standings SET state = 99, due_at = 1, waiting_on = 'other', touched = NOT touched, overdue = 1`,
}

// rowsOf returns all derived rows.
func rowsOf(t *testing.T, store *faulty) []string {
	t.Helper()
	return append(texts(t, store.RawStreams(t.Context())), texts(t, store.RawWorklistEntries(t.Context()))...)
}

// historyOf returns what is never derived: events, messages and the access log.
func historyOf(t *testing.T, store *faulty) []string {
	t.Helper()
	return slices.Concat(texts(t, store.RawEvents(t.Context())), texts(t, store.RawDeliveries(t.Context())), texts(t, store.RawAccesses(t.Context())))
}

func texts[T any](t *testing.T, rows iter.Seq2[T, error]) []string {
	t.Helper()
	var all []string
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%+v", row))
	}
	return all
}

// derived is a service with an adjustable clock, its log, and what lies between it and its store.
type derived struct {
	*directives
	between  beforeDerived
	now      *clock.Adjustable
	messages logged
}

// beforeDerived runs a function between the reading of a history and the writing of its rows.
type beforeDerived struct {
	journal.Store
	then func()
	// unreadable is a matter whose history cannot be read.
	unreadable string
}

func (b *beforeDerived) Append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	if then := b.then; then != nil && len(batch.Derived) > 0 {
		b.then = nil
		then()
	}
	return b.Store.Append(ctx, batch)
}

func (b *beforeDerived) Load(ctx context.Context, subjects ...string) ([][]journal.Event, error) {
	if slices.Contains(subjects, b.unreadable) {
		return nil, journal.ErrUnreadable
	}
	return b.Store.Load(ctx, subjects...)
}

func startDerived(t *testing.T, changes ...func(*service.Deps)) *derived {
	d := &derived{directives: &directives{t: t}}
	d.tested, d.store = start(t, func(deps *service.Deps) {
		var err error
		if d.now, err = clock.Open(t.Context(), deps.Settings, time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		d.between.Store, d.secrets = deps.Store, deps.Secrets
		deps.Store, deps.Clock, deps.Logger = &d.between, d.now, slog.New(slog.NewTextHandler(&d.messages, nil))
		for _, change := range changes {
			change(deps)
		}
	})
	d.Register(&d.casework)
	return d
}

// check runs one round of the clock, after a time.
func (d *derived) check(after time.Duration) error {
	return d.AdvanceClock(d.t.Context(), d.now.Now().Add(after))
}

const derivedAnew = "derived rows of an earlier version again"

// The clock derives the rows of open matters and consent directives again if an earlier version wrote
// them by other rules. Nothing is disclosed or recorded, and the log states their number only.
func TestRowsOfEarlierVersionAreDerivedAgain(t *testing.T) {
	d := startDerived(t)
	id := submitted(t, d.tested, report()).GetConcernId()
	if _, err := d.TakeConcern(hva(t), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}); err != nil {
		t.Fatal(err)
	}
	submitted(t, d.tested, report())
	if _, err := d.prohibit(); err != nil {
		t.Fatal(err)
	}
	rows, history := rowsOf(t, d.store), historyOf(t, d.store)
	rewrite(t, d.store, others...)
	if slices.Equal(rowsOf(t, d.store), rows) {
		t.Fatal("the rows did not change")
	}
	for range 2 {
		if err := d.check(0); err != nil {
			t.Fatal(err)
		}
	}
	if got := rowsOf(t, d.store); !slices.Equal(got, rows) {
		t.Errorf("the rows are\n%s\nand were\n%s", strings.Join(got, "\n"), strings.Join(rows, "\n"))
	}
	if got := historyOf(t, d.store); !slices.Equal(got, history) {
		t.Errorf("the history is\n%s\nand was\n%s", strings.Join(got, "\n"), strings.Join(history, "\n"))
	}
	if d.messages.times(derivedAnew) != 1 || d.messages.times("count=3") != 1 || d.messages.times(id) != 0 {
		t.Errorf("logged: %s", d.messages.text.String())
	}
}

// One round derives more rows than one batch holds, and handles the due times that have passed then.
func TestDerivedRowsAreCheckedInSameRound(t *testing.T) {
	d := startDerived(t)
	const many = 230
	for range many {
		r := report()
		r.Client.Identity = nil
		submitted(t, d.tested, r)
	}
	rewrite(t, d.store, others...)
	if err := d.check(30 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	overdue := 0
	for event, err := range d.store.RawEvents(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Type == "koppi.concern.v1.ConcernOverdue" {
			overdue++
		}
	}
	if overdue != many || d.messages.times(fmt.Sprintf("count=%d", many)) != 1 {
		t.Errorf("%d of %d fell due: %s", overdue, many, d.messages.text.String())
	}
}

// A step that is taken while rows are derived keeps its own rows.
func TestConcurrentStepKeepsItsRows(t *testing.T) {
	d := startDerived(t)
	id := submitted(t, d.tested, report()).GetConcernId()
	rewrite(t, d.store, others...)
	var rows []string
	d.between.then = func() {
		if _, err := d.TakeConcern(hva(t), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}); err != nil {
			t.Error(err)
		}
		rows = rowsOf(t, d.store)
	}
	if err := d.check(0); err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, d.store); len(rows) == 0 || !slices.Equal(got, rows) {
		t.Errorf("the rows are\n%s\nand were\n%s", strings.Join(got, "\n"), strings.Join(rows, "\n"))
	}
	if d.messages.times(derivedAnew) != 0 {
		t.Errorf("logged: %s", d.messages.text.String())
	}
}

// An erased matter gets no due time. An unreadable matter does not prevent the others from being
// derived; it is reported, and tried again.
func TestUnreadableHistoryBlocksNoOtherRows(t *testing.T) {
	d := startDerived(t)
	rows := map[string]string{}
	var ids []string
	for range 120 {
		r := report()
		r.Client.Identity = nil
		ids = append(ids, "concerns/"+submitted(t, d.tested, r).GetConcernId())
	}
	slices.Sort(ids)
	erased, unreadable, other := ids[0], ids[1], ids[119]
	keep := func(into map[string]string) {
		for row, err := range d.store.RawStreams(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			into[row.Subject] = fmt.Sprintf("%+v", row)
		}
	}
	keep(rows)
	if err := d.store.Expire(t.Context(), journal.Expiry{Subject: erased}); err != nil {
		t.Fatal(err)
	}
	gone := texts(t, d.store.RawWorklistEntries(t.Context()))[:2]
	rewrite(t, d.store, `UPDATE loops SET derived = 0, next_check_at = 1`)
	d.between.unreadable = unreadable
	for range 2 {
		if err := d.check(0); err == nil || !strings.Contains(err.Error(), unreadable) || strings.Contains(err.Error(), erased) {
			t.Errorf("%v", err)
		}
		stale, err := d.store.Stale(t.Context(), 10)
		if err != nil || len(stale) != 1 || stale[0].Subject != unreadable {
			t.Errorf("%+v %v", stale, err)
		}
	}
	now := map[string]string{}
	keep(now)
	if now[other] != rows[other] {
		t.Errorf("%s, was %s", now[other], rows[other])
	}
	if due, err := d.store.Due(t.Context(), d.now.Now(), 10); err != nil || !slices.Equal(due, []string{unreadable}) {
		t.Errorf("%v %v", due, err)
	}
	if got := texts(t, d.store.RawWorklistEntries(t.Context()))[:2]; !slices.Equal(got, gone) {
		t.Errorf("%v, was %v", got, gone)
	}
	d.between.unreadable = ""
	if err := d.check(0); err != nil {
		t.Fatal(err)
	}
	keep(now)
	if now[unreadable] != rows[unreadable] {
		t.Errorf("%s, was %s", now[unreadable], rows[unreadable])
	}
}
