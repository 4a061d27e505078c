// Package consent keeps what clients agree to and forbid: the consent directives, the consents on
// which matters rest, and what follows when one ends. The pure rules are in the subpackage directive;
// the gateway's part is in the subpackage gateway.
package consent

import (
	"context"

	"github.com/google/uuid"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// Book holds the consent directives of all clients in the journal of one service, one subject for
// each client.
type Book struct {
	Engine  *command.Engine[directive.Directives]
	Store   journal.Store
	Secrets *identity.Secrets
}

// Rules returns the rules of consent directives in the form that the engine takes: directives are disclosed to no mailbox, and
// overrides wait in the worklists of the officers who may decide them.
func Rules(service string) command.Rules[directive.Directives] {
	return command.Rules[directive.Directives]{
		Service: service, Class: journal.ClassDirective, Evolve: directive.Evolve, NextCheck: directive.NextCheck,
		Readers: func(directive.Directives, bool) []matter.Reader { return nil },
		Counters: func(directive.Directives, directive.Directives, matter.Event) matter.Counters {
			return matter.Counters{}
		},
		Number: func(directive.Directives) int32 { return 0 },
		Waits:  func(w directive.Directives) []journal.WorklistEntry { return append(decisionsWait(w), toPassOn(w)...) },
	}
}

// kept is a client's directives, as they were read.
type kept struct {
	subject string
	history matter.History[directive.Directives]
	// seen are the versions that must be unchanged when a decision on them is recorded.
	seen map[string]uint64
}

func (k kept) world() matter.World[directive.Directives] {
	world := matter.World[directive.Directives]{Subjects: map[string]matter.History[directive.Directives]{}}
	if k.history.Version > 0 {
		world.Subjects[k.subject] = k.history
	}
	return world
}

// of reads a client's directives, by the client's internal id. An erased subject stays
// erased: the client's next subject is used instead.
func (b *Book) of(ctx context.Context, client string) (kept, error) {
	for generation := byte(0); ; generation++ {
		found := kept{subject: b.subject(client, generation)}
		var erased bool
		var err error
		if found.history, erased, err = b.history(ctx, found.subject); err != nil {
			return kept{}, err
		}
		if erased {
			continue
		}
		found.seen = map[string]uint64{found.subject: found.history.Version}
		if found.history.Version > 0 {
			// If the subject is erased now, a new one would begin there, so it must still not
			// exist.
			found.seen[b.subject(client, generation+1)] = 0
		}
		return found, nil
	}
}

// history returns the history of a subject of directives; empty if it was erased.
func (b *Book) history(ctx context.Context, subject string) (history matter.History[directive.Directives], erased bool, err error) {
	histories, err := b.Store.Load(ctx, subject)
	if err != nil {
		return history, false, fault.Store(err)
	}
	if rows := histories[0]; len(rows) > 0 && rows[0].Erased {
		return history, true, nil
	}
	events, err := command.EventsFrom(histories[0])
	return b.Engine.Rules.Fold(events, false), false, err
}

// subject returns the subject of a client's directives, which does not reveal the client.
func (b *Book) subject(client string, generation byte) string {
	id := uuid.UUID(b.Secrets.Digest([]byte(directive.Collection), []byte(client), []byte{generation})[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8, of RFC 9562
	return directive.Collection + id.String()
}

// rows returns events as rows of a client's directives, for another command to append, and the
// versions that must be unchanged then.
func (b *Book) rows(found kept, access journal.Access, events []matter.Event) (journal.Batch, error) {
	if len(events) == 0 {
		return journal.Batch{Seen: found.seen}, nil
	}
	batch, err := b.Engine.Rows(found.world(), access, events)
	batch.Seen = map[string]uint64{}
	for subject, version := range found.seen {
		if subject != found.subject {
			batch.Seen[subject] = version
		}
	}
	return batch, err
}
