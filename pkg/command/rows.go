package command

import (
	"context"
	"errors"
	"slices"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// rows returns the stored rows of a subject: its stream row, which the clock reads, and its worklist
// entries, with the matter's number. An entry that an officer has for a matter that the officer's
// agency may not know has none.
func (e *Engine[S]) rows(subject string, history matter.History[S]) (journal.Stream, []journal.WorklistEntry) {
	row, entries := e.Rules.rows(subject, history)
	for i := range entries {
		if entries[i].Role != journal.RoleOfficer {
			entries[i].Number = string(e.NumberOf(subject, history.State.Common().Number))
		}
	}
	return row, entries
}

// rows returns the stored rows of a subject by these rules, without the matter's number.
func (r Rules[S]) rows(subject string, history matter.History[S]) (journal.Stream, []journal.WorklistEntry) {
	head, next := history.State.Common(), r.Due(history)
	row := journal.Stream{
		Subject: subject, Service: r.Service, Client: head.Client, Case: head.Case, State: r.Number(history.State),
		// A matter entered in error has ended, but the clock checks it until every copy is
		// acknowledged.
		Version: history.Version, NextCheckAt: next, Ended: head.Ended() && next.IsZero(),
	}
	var entries []journal.WorklistEntry
	for _, reader := range r.readers(history) {
		entries = append(entries, entry(r, head, history.Views[reader.Agency]))
	}
	if r.Waits != nil {
		for _, row := range r.Waits(history.State) {
			row.Subject, row.Role, row.Hidden, row.StartedAt = subject, journal.RoleOfficer, true, head.Started
			entries = append(entries, row)
		}
	}
	return row, entries
}

// entry returns a subject's worklist entry for a reader. It is hidden for a matter entered in
// error.
func entry[S matter.State](rules Rules[S], head matter.Head, view matter.View[S]) journal.WorklistEntry {
	shown, status := rules.WorklistEntry(view.State, view.Reader), rules.Status(view.State, view.Reader)
	row := journal.WorklistEntry{
		Subject: head.Subject, Agency: view.Reader.Agency, Role: journal.Role(view.Reader.Role),
		Unit: shown.Unit, Worker: shown.Worker, Client: head.Client, Case: head.Case,
		State: shown.State, Urgency: int32(shown.Urgency), Touched: shown.Touched, Phase: int32(status.GetPhase()), WaitingOn: status.GetWaitingOn().GetAgency(),
		Overdue: status.GetOverdue(), Hidden: shown.Hidden || head.IsRevoked() || view.Reader.Gone, Ended: view.State.Common().Ended() || view.Reader.Gone,
		Version: view.Version, StartedAt: head.Started, WithdrawnAt: head.Withdrawal.At, Parts: string(rules.Parts(view)),
		Second: shown.Second, Marks: shown.Marks, OnCall: shown.OnCall, OnCallAt: shown.OnCallAt,
	}
	if status.GetDueAt() != nil {
		row.DueAt = status.GetDueAt().AsTime()
	}
	if notice := head.Awaited(row.Agency); notice != nil && !view.Reader.Gone {
		// The entry waits for the agency's acknowledgement of its copy, in addition to its earlier
		// turn.
		turn := !row.Ended && row.WaitingOn == row.Agency && !row.DueAt.IsZero()
		if !turn || notice.Due.Before(row.DueAt) {
			row.DueAt = notice.Due
		}
		row.Overdue = notice.Overdue || turn && row.Overdue
		// Acknowledging a copy is not urgent work, so an ended matter counts as touched.
		row.Touched = row.Touched || row.Ended
		row.Ended, row.WaitingOn = false, row.Agency
	}
	return row
}

// Parts returns the parts that a reader's agency has in a matter, as far as it knows the matter.
func (r Rules[S]) Parts(view matter.View[S]) matter.Parts {
	if view.Reader.Agency == "" || view.Version == 0 {
		return matter.PartsOf(nil, nil)
	}
	shown := r.WorklistEntry(view.State, view.Reader)
	units, workers := append(slices.Clone(view.Units), shown.Unit), []string{shown.Worker}
	if r.Named != nil {
		for _, party := range r.Named(view.State) {
			if party.GetAgency() == view.Reader.Agency {
				workers = append(workers, party.GetWorker())
			}
		}
	}
	return matter.PartsOf(units, workers)
}

// Permission returns what a scope allows in a matter; none if its agency has no relation to it.
func (r Rules[S]) Permission(scope matter.Scope, history matter.History[S]) matter.Permission {
	if !history.Related(scope.Agency) {
		return matter.PermissionNone
	}
	return r.PermissionIn(scope, history.Views[scope.Agency])
}

// PermissionIn returns what a scope allows in a matter as its agency was shown it, also if the agency has left.
func (r Rules[S]) PermissionIn(scope matter.Scope, view matter.View[S]) matter.Permission {
	switch {
	case scope.Agency == "" || view.Reader.Agency != scope.Agency:
		return matter.PermissionNone
	case scope.Whole:
		return matter.PermissionFull
	default:
		return scope.Permission(r.Parts(view), view.State.Common().Client)
	}
}

// Derive writes the rows of a subject again by these rules, where its stored row is stale. An
// erased subject keeps its rows and gets no due time. Derive returns false if a step or another
// replica changed the subject first. It returns refusals as *fault.Error.
func (e *Engine[S]) Derive(ctx context.Context, stale journal.Stream) (bool, error) {
	world := matter.World[S]{Subjects: map[string]matter.History[S]{}}
	if err := e.loadSubjects(ctx, world, []string{stale.Subject}); err != nil {
		return false, err
	}
	stale.NextCheckAt = time.Time{}
	batch := journal.Batch{Derived: []journal.Stream{stale}}
	if history, readable := world.Subjects[stale.Subject]; readable {
		batch.Derived[0], batch.WorklistEntries = e.rows(stale.Subject, history)
	}
	_, err := e.Store.Append(ctx, batch)
	var conflict *journal.ConflictError
	switch {
	case errors.As(err, &conflict):
		return false, nil
	case err != nil:
		return false, fault.Store(err)
	default:
		return true, nil
	}
}
