package consent

import (
	"context"
	"errors"
	"time"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// StoppedError says that the client's prohibition stopped a step. It unwraps to the refusal that the
// caller receives, TRANSFER_PROHIBITED.
type StoppedError struct {
	clearance Clearance
	// agencies are those to which disclosure is prohibited.
	agencies []string
}

func (e *StoppedError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the refusal.
func (e *StoppedError) Unwrap() error {
	return fault.New(fault.TransferProhibited, "the client has prohibited transfers to this receiver")
}

// stoppedPurpose is the purpose in the access record of a step that was stopped.
const stoppedPurpose = "stopped by the client's prohibition"

// RecordStopped records a step that the client's prohibition stopped, for the client to read, before
// the caller receives the refusal. It returns the refusal, and any other error as it is.
func (g *Guard[S]) RecordStopped(ctx context.Context, err error) error {
	var stopped *StoppedError
	if !errors.As(err, &stopped) {
		return err
	}
	c := stopped.clearance
	access, subject := c.step.access, c.found.subject
	access.Purpose = stoppedPurpose
	recorded, recordErr := command.Handle(ctx, g.Book.Engine, command.Command[directive.Directives, command.None]{
		Target: command.Target{Subject: subject, Open: true, Access: access},
		Decide: func(world matter.World[directive.Directives], _ command.None, at time.Time) ([]matter.Event, error) {
			c.step.sending.At = at
			var events []matter.Event
			for _, agency := range stopped.agencies {
				if message := world.State(subject).BlockedEvent(c.step.sending, agency); message != nil {
					events = append(events, c.events(message)...)
				}
			}
			return events, nil
		},
	})
	if recordErr == nil && !recorded.Changed {
		access.Subject, access.Client = subject, c.client
		_, recordErr = g.Book.Store.Append(ctx, journal.Batch{Accesses: []journal.Access{access}})
		recordErr = fault.Store(recordErr)
	}
	if recordErr != nil {
		return recordErr
	}
	return stopped.Unwrap()
}
