package reading

import (
	"context"
	"slices"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// Matters reads the matters of one service. S is their state.
type Matters[S matter.State] struct {
	// Collection is the prefix of the names of the matters, such as "concerns/".
	Collection string
	Engine     *command.Engine[S]
	Store      journal.Store
	Directory  *directory.Directory
	Clock      clock.Clock
	Scopes     caller.Scopes
	AccessLog  *accesslog.Recorder
}

// Show reads a matter for its caller, whose agency is party to it and who may read it, or who is the person
// whom it concerns, and records the reading. For any other caller it is not found, as if it did not exist.
func (m *Matters[S]) Show(ctx context.Context, id string) (Shown[S], error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return Shown[S]{}, err
	}
	shown, err := m.Read(ctx, who, m.Collection+id)
	if err != nil {
		return Shown[S]{}, err
	}
	return shown[0], m.AccessLog.Read(ctx, who, "", shown[0].Reading())
}

// AtOnce is how many histories are read and folded together. A page then costs few statements,
// and loads at most that many histories that it does not show.
const AtOnce = 100

// Read folds subjects as they are disclosed to a caller.
func (m *Matters[S]) Read(ctx context.Context, who identity.Caller, subjects ...string) ([]Shown[S], error) {
	if who.Role != identity.RoleClient && !caller.IsParty(who) {
		return nil, caller.NotFound()
	}
	all := make([]Shown[S], 0, len(subjects))
	for part := range slices.Chunk(subjects, AtOnce) {
		shown, err := m.readPart(ctx, who, part)
		if err != nil {
			return nil, err
		}
		all = append(all, shown...)
	}
	return all, nil
}

func (m *Matters[S]) readPart(ctx context.Context, who identity.Caller, subjects []string) ([]Shown[S], error) {
	all := make([]Shown[S], 0, len(subjects))
	if who.Role == identity.RoleClient {
		views, err := m.Engine.ReadClient(ctx, who.Client, subjects...)
		for _, view := range views {
			all = append(all, m.Shown(view, who))
		}
		return all, err
	}
	histories, err := m.Engine.Read(ctx, m.Scopes.Of(who), subjects...)
	if err != nil {
		return nil, err
	}
	delivered, err := m.delivered(ctx, histories, who.Agency)
	if err != nil {
		return nil, err
	}
	for i, history := range histories {
		shown := m.Shown(history.Views[who.Agency], who)
		shown.Delivered = delivered[i]
		all = append(all, shown)
	}
	return all, nil
}

// delivered tells for each history whether another side's system has acknowledged the last message
// that was disclosed to both. It queries each agency's mailbox once.
func (m *Matters[S]) delivered(ctx context.Context, histories []matter.History[S], own string) ([]bool, error) {
	delivered, shared := make([]bool, len(histories)), map[string][]string{}
	for _, history := range histories {
		for _, agency := range others(history, own) {
			shared[agency] = append(shared[agency], history.Shared)
		}
	}
	for agency, messages := range shared {
		sequences, err := m.Store.Sequences(ctx, agency, messages...)
		if err != nil {
			return nil, fault.Store(err)
		}
		consumers, err := m.Store.Consumers(ctx, agency)
		if err != nil {
			return nil, fault.Store(err)
		}
		var acknowledged uint64
		for _, consumer := range consumers {
			acknowledged = max(acknowledged, consumer.Sequence)
		}
		for i, history := range histories {
			sequence, sent := sequences[history.Shared]
			if sent && sequence <= acknowledged && slices.Contains(others(history, own), agency) {
				delivered[i] = true
			}
		}
	}
	return delivered, nil
}

// others returns the agencies other than the caller's own to which a matter is disclosed.
func others[S matter.State](history matter.History[S], own string) []string {
	var all []string
	for agency := range history.Views {
		if agency != own && history.Related(agency) {
			all = append(all, agency)
		}
	}
	return all
}

// Related returns the state of a matter as it was disclosed to a caller who is party to it or the
// person whom it concerns; for any other caller it is not found. Related does not record a reading:
// the calling code must record what it shows.
func (m *Matters[S]) Related(ctx context.Context, who identity.Caller, id string) (S, error) {
	var none S
	subject := m.Collection + id
	if who.Role == identity.RoleClient {
		views, err := m.Engine.ReadClient(ctx, who.Client, subject)
		if err != nil {
			return none, err
		}
		return views[0].State, nil
	}
	if !caller.IsParty(who) {
		return none, caller.NotFound()
	}
	histories, err := m.Engine.Read(ctx, m.Scopes.Of(who), subject)
	if err != nil {
		return none, err
	}
	return histories[0].Views[who.Agency].State, nil
}

// CheckParty refuses a step by a caller without an agency. The person gets RoleNotAllowed and not
// NotFound, because the person may know that the matter exists.
func (m *Matters[S]) CheckParty(ctx context.Context, who identity.Caller, id string) error {
	if caller.IsParty(who) {
		return nil
	}
	if _, err := m.Related(ctx, who, id); err != nil {
		return err
	}
	return fault.New(fault.RoleNotAllowed, "the client can read a matter but cannot take a step in it")
}

// Get reads a matter for its caller and converts it to a message.
func Get[S matter.State, M any](ctx context.Context, m *Matters[S], id string, made func(Shown[S]) M) (M, error) {
	shown, err := m.Show(ctx, id)
	if err != nil {
		var none M
		return none, err
	}
	return made(shown), nil
}

// View returns a matter as it has been disclosed to the caller.
func (m *Matters[S]) View(who identity.Caller, history matter.History[S]) matter.View[S] {
	if who.Role == identity.RoleClient {
		return m.Engine.Rules.ForClient(history.Events)
	}
	return history.Views[who.Agency]
}

// Subjects returns the subjects of worklist entries.
func Subjects(entries []journal.WorklistEntry) []string {
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Subject)
	}
	return names
}
