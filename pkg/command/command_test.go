package command_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// The stages run in their order, each receives what Prepare gathered, and what they decide is
// recorded, disclosed and notified.
func TestStages(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "first").starts())
	var stages []string
	next := f.write("b", "notes/1", "second")
	next.UniqueKeys = func(matter.World[note]) []string { return append(stages, "unique keys")[:0:0] }
	next.Check = func(world matter.World[note]) error {
		stages = append(stages, "check")
		if text := world.State("notes/1").Text; text != "first" {
			t.Errorf("checked on %q", text)
		}
		return nil
	}
	next.Related = func(context.Context, matter.World[note]) ([]string, error) {
		stages = append(stages, "related")
		return nil, nil
	}
	next.Prepare = func(_ context.Context, _ matter.World[note], at time.Time) (string, error) {
		stages = append(stages, "prepare")
		return "facts of " + at.Format(time.RFC3339), nil
	}
	next.Decide = func(_ matter.World[note], facts string, at time.Time) ([]matter.Event, error) {
		stages = append(stages, "decide")
		return []matter.Event{f.event("notes/1", "second with "+facts, at)}, nil
	}
	next.Authorise = func(_ context.Context, facts string, decision command.Decision[note]) (journal.Batch, error) {
		stages = append(stages, "authorise")
		if len(decision.Events) != 1 || decision.World.State("notes/1").Text != "first" || facts == "" {
			t.Errorf("authorised %v on %q with %q", decision.Events, decision.World.State("notes/1").Text, facts)
		}
		return journal.Batch{}, nil
	}
	result := f.must(next)
	if want := []string{"check", "related", "prepare", "decide", "authorise"}; !slices.Equal(stages, want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
	if want := "second with facts of " + f.now.Format(time.RFC3339); result.History.State.Text != want || !result.Changed {
		t.Errorf("the result is %q, changed %t", result.History.State.Text, result.Changed)
	}
	if f.positions["a"] != 2 || f.positions["b"] != 2 {
		t.Errorf("notified of %v", f.positions)
	}
	sent, err := f.store.Deliveries(t.Context(), journal.DeliveryQuery{Agency: "b", Limit: 10})
	if err != nil || len(sent) != 2 {
		t.Errorf("%d messages to b: %v", len(sent), err)
	}
}

// A command whose request_id was used gets the first answer and runs no stage; with another body it
// is refused. Another agency's request_id is another one.
func TestRequestIDs(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "first").starts())
	first := f.must(f.write("a", "notes/1", "second").request("r1", "body"))
	f.must(f.write("a", "notes/1", "third").request("r2", "body"))
	again := f.write("a", "notes/1", "not this").request("r1", "body")
	again.Prepare = func(context.Context, matter.World[note], time.Time) (string, error) {
		t.Error("a repetition gathered facts")
		return "", nil
	}
	result := f.must(again)
	if result.History.State.Text != "second" || result.History.Version != first.History.Version || !result.Changed {
		t.Errorf("repeated: %q at %d", result.History.State.Text, result.History.Version)
	}
	if first.Repeated || !result.Repeated {
		t.Errorf("the first is a repetition: %t, the second: %t", first.Repeated, result.Repeated)
	}
	f.refuses(f.write("a", "notes/1", "x").request("r1", "another body"), fault.RequestIDReused)
	if result := f.must(f.write("b", "notes/1", "of b").request("r1", "body of b")); result.History.State.Text != "of b" {
		t.Errorf("another agency's request: %q", result.History.State.Text)
	}
	repeats, err := f.engine.Repeats(t.Context(), command.Target{Agency: "a", RequestID: "r2", Digest: []byte("body")})
	if err != nil || !repeats {
		t.Errorf("r2 repeats: %t, %v", repeats, err)
	}
	if repeats, err = f.engine.Repeats(t.Context(), command.Target{Agency: "a", RequestID: "r3", Digest: []byte("body")}); err != nil || repeats {
		t.Errorf("r3 repeats: %t, %v", repeats, err)
	}
}

// A repetition is answered only once the first run is known to survive the loss of its server.
func TestRepetitionWaitsUntilSettled(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "first").starts().request("r1", "body"))
	f.faults.settled = errors.New("the standby is away")
	f.refuses(f.write("a", "notes/1", "first").starts().request("r1", "body"), fault.Unavailable)
	f.faults.settled = nil
	f.must(f.write("a", "notes/1", "first").starts().request("r1", "body"))
}

// A caller without a relation gets what a subject that does not exist gets, before anything else is
// read or checked.
func TestUnrelatedCallers(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "first").starts())
	for _, subject := range []string{"notes/1", "notes/2"} {
		stranger := f.write("c", subject, "x").request("r1", "body")
		stranger.Check = func(matter.World[note]) error {
			t.Errorf("%s was checked for a stranger", subject)
			return nil
		}
		stranger.Related = func(context.Context, matter.World[note]) ([]string, error) {
			t.Errorf("related subjects of %s were read for a stranger", subject)
			return nil, nil
		}
		f.refuses(stranger, fault.NotFound)
	}
	person := f.write("", "notes/1", "by the client").request("r1", "body")
	person.Target.Client = "anna"
	f.must(person)
	person = f.write("", "notes/1", "by another").request("r2", "body")
	person.Target.Client = "bertta"
	f.refuses(person, fault.NotFound)
}

// A refusal of any stage records nothing, and notifies nobody.
func TestRefusalsChangeNothing(t *testing.T) {
	refusal := fault.New(fault.IllegalStep, "no")
	for stage, change := range map[string]func(*ordered){
		"check": func(c *ordered) { c.Check = func(matter.World[note]) error { return refusal } },
		"related": func(c *ordered) {
			c.Related = func(context.Context, matter.World[note]) ([]string, error) { return nil, refusal }
		},
		"prepare": func(c *ordered) {
			c.Prepare = func(context.Context, matter.World[note], time.Time) (string, error) { return "", refusal }
		},
		"decide": func(c *ordered) {
			c.Decide = func(matter.World[note], string, time.Time) ([]matter.Event, error) { return nil, refusal }
		},
		"authorise": func(c *ordered) {
			c.Authorise = func(context.Context, string, command.Decision[note]) (journal.Batch, error) {
				return journal.Batch{}, refusal
			}
		},
	} {
		t.Run(stage, func(t *testing.T) {
			f := newFixture(t)
			f.must(f.write("a", "notes/1", "first").starts())
			refused := f.write("a", "notes/1", "x").request("r1", "body")
			change(&refused)
			f.refuses(refused, fault.IllegalStep)
			if events, err := f.engine.Events(t.Context(), "notes/1"); err != nil || len(events) != 1 || f.positions["b"] != 1 {
				t.Errorf("%d events, positions %v, %v", len(events), f.positions, err)
			}
			// The request_id is free: the same request may be sent again.
			f.must(f.write("a", "notes/1", "x").request("r1", "body"))
		})
	}
}

// A command that decides nothing records nothing and returns what is there.
func TestNothingDecided(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "first").starts())
	idle := f.write("a", "notes/1", "")
	idle.Decide = func(matter.World[note], string, time.Time) ([]matter.Event, error) { return nil, nil }
	if result := f.must(idle); result.Changed || result.History.State.Text != "first" || result.History.Version != 1 {
		t.Errorf("changed %t, %q at %d", result.Changed, result.History.State.Text, result.History.Version)
	}
}

// On a conflict the command is decided again on what is there by then, with facts gathered anew.
func TestConflicts(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "first").starts())
	attempts := 0
	racing := f.write("a", "notes/1", "")
	racing.Prepare = func(_ context.Context, world matter.World[note], _ time.Time) (string, error) {
		if attempts++; attempts == 1 {
			f.must(f.write("b", "notes/1", "in between"))
		}
		return fmt.Sprintf("%d on %s", attempts, world.State("notes/1").Text), nil
	}
	racing.Decide = func(_ matter.World[note], facts string, at time.Time) ([]matter.Event, error) {
		return []matter.Event{f.event("notes/1", facts, at)}, nil
	}
	if result := f.must(racing); result.History.State.Text != "2 on in between" || result.History.Version != 3 {
		t.Errorf("%q at %d", result.History.State.Text, result.History.Version)
	}
}

// A command that meets a conflict at every attempt is refused as busy, with a time to try again.
func TestBusy(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "first").starts())
	f.faults.append = &journal.ConflictError{Subject: "notes/1"}
	_, err := command.Handle(t.Context(), f.engine, command.Command[note, string](f.write("a", "notes/1", "x")))
	if fault.ReasonOf(err) != fault.Busy || fault.RetryAfterOf(err) <= 0 {
		t.Errorf("refused with %v", err)
	}
	if f.faults.appends != 1+64 {
		t.Errorf("%d appends", f.faults.appends)
	}
}

// A store that fails is a refusal for the caller, not a conflict: there is no further attempt.
func TestStoreFails(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "first").starts())
	f.faults.append = errors.New("the disk is full")
	f.refuses(f.write("a", "notes/1", "x"), fault.Unavailable)
	if f.faults.appends != 2 {
		t.Errorf("%d appends", f.faults.appends)
	}
}

// The time of an attempt is never before the last event of the subject, nor before the event that
// caused the command, whatever the clock says.
func TestTimeNeverGoesBack(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "first").starts())
	first := f.now
	f.now = f.now.Add(-time.Hour)
	if result := f.must(f.write("a", "notes/1", "second")); !result.History.LastAt().Equal(first) {
		t.Errorf("recorded at %v, the event before at %v", result.History.LastAt(), first)
	}
	caused := f.write("a", "notes/1", "third")
	caused.Target.NotBefore = first.Add(time.Minute)
	if result := f.must(caused); !result.History.LastAt().Equal(first.Add(time.Minute)) {
		t.Errorf("recorded at %v", result.History.LastAt())
	}
}

// Authorise hears of exactly the agencies to which a subject is disclosed for the first time.
func TestRecipients(t *testing.T) {
	f := newFixture(t)
	var heard [][]command.NewRecipient
	hears := func(c ordered) ordered {
		c.Authorise = func(_ context.Context, _ string, decision command.Decision[note]) (journal.Batch, error) {
			heard = append(heard, decision.Recipients)
			return journal.Batch{}, nil
		}
		return c
	}
	f.must(hears(f.write("a", "notes/1", "first").starts()))
	f.must(hears(f.write("a", "notes/1", "second")))
	f.must(hears(f.write("a", "notes/1", "to c")))
	want := [][]command.NewRecipient{{{Subject: "notes/1", Agency: "b"}}, nil, {{Subject: "notes/1", Agency: "c"}}}
	if !slices.EqualFunc(heard, want, slices.Equal) {
		t.Errorf("heard %v, want %v", heard, want)
	}
}

// Rows that Authorise returns are recorded with the decision, and a version that it has seen must
// still be the same.
func TestRowsBeside(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "first").starts())
	f.must(f.write("a", "notes/2", "beside").starts())
	attempts := 0
	beside := f.write("a", "notes/1", "second")
	beside.Authorise = func(ctx context.Context, _ string, _ command.Decision[note]) (journal.Batch, error) {
		seen, err := f.engine.History(ctx, "notes/2")
		if attempts++; attempts == 1 {
			f.must(f.write("a", "notes/2", "changed meanwhile"))
		}
		return journal.Batch{Seen: map[string]uint64{"notes/2": seen.Version}, Accesses: []journal.Access{{At: f.now, Client: "anna", Role: "worker", Method: "beside"}}}, err
	}
	f.must(beside)
	if attempts != 2 {
		t.Errorf("%d attempts, want a second one on what changed", attempts)
	}
	records, err := f.store.Accesses(t.Context(), journal.AccessQuery{Client: "anna", Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	found := slices.ContainsFunc(records, func(one journal.NumberedAccess) bool { return one.Method == "beside" })
	if !found {
		t.Errorf("the row beside is not recorded: %v", records)
	}
}

// A unique key leads to its holder, whom the decision then sees.
func TestUniqueKeys(t *testing.T) {
	f := newFixture(t)
	f.must(f.write("a", "notes/1", "key k").starts())
	joins := f.write("a", "notes/2", "").starts()
	joins.UniqueKeys = func(matter.World[note]) []string { return []string{"k"} }
	joins.Related = func(_ context.Context, world matter.World[note]) ([]string, error) {
		return []string{world.UniqueKeys["k"]}, nil
	}
	joins.Decide = func(world matter.World[note], _ string, at time.Time) ([]matter.Event, error) {
		return []matter.Event{f.event("notes/2", "joins "+world.State(world.UniqueKeys["k"]).Text, at)}, nil
	}
	if result := f.must(joins); result.History.State.Text != "joins key k" {
		t.Errorf("%q", result.History.State.Text)
	}
	// Two subjects never hold one key.
	taken := f.write("a", "notes/3", "key k").starts()
	if _, err := command.Handle(t.Context(), f.engine, command.Command[note, string](taken)); fault.ReasonOf(err) != fault.Busy {
		t.Errorf("a second holder: %v", err)
	}
}

func (f *fixture) event(subject, text string, at time.Time) matter.Event {
	return matter.Event{Subject: subject, Message: wrapperspb.String(text), At: at, Client: "anna", Case: "case"}
}
