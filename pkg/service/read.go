package service

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Shown is a subject as its caller reads it: as it was disclosed to the caller's agency, or to the
// client, under their pseudonyms.
type Shown[S matter.State] struct {
	matter.View[S]
	Actor matter.Actor
	// ClientID and CaseID are the caller's pseudonyms. ClientID is empty for a matter entered in
	// error.
	ClientID, CaseID string
	// Now is the time of the reading.
	Now time.Time
	// Delivered says that the other side's system has acknowledged the last message that was
	// disclosed to both.
	Delivered bool
}

// Etag returns the etag of the version that was disclosed to the caller's agency. For the client,
// who receives no messages, it is a digest of what the client reads.
func (s Shown[S]) Etag(message proto.Message) string {
	if s.Reader.Role != matter.RoleClient {
		return matter.Etag(s.State.Common().Subject, s.Reader.Agency, s.Version)
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// clientNames stands for the agency in the client's own pseudonyms: no agency's key is empty.
const clientNames = ""

func (k *Kernel[S]) shown(view matter.View[S], who identity.Caller) Shown[S] {
	agency := who.Agency
	if who.Role == identity.RoleClient {
		agency = clientNames
	}
	shown := Shown[S]{View: view, Actor: Actor(who), Now: k.Now()}
	head := view.State.Common()
	shown.CaseID = k.Engine.Pseudonyms.CaseName(agency, head.Case)
	if head.Client != "" && !head.IsRevoked() {
		shown.ClientID = k.Engine.Pseudonyms.ClientName(agency, head.Client)
	}
	return shown
}

// Show reads a matter for its caller, who is party to it or the person whom it concerns, and
// records the reading. For any other caller it is not found, as if it did not exist.
func (k *Kernel[S]) Show(ctx context.Context, id string) (Shown[S], error) {
	who, err := Caller(ctx)
	if err != nil {
		return Shown[S]{}, err
	}
	shown, err := k.read(ctx, who, k.config.Collection+id)
	if err != nil {
		return Shown[S]{}, err
	}
	return shown[0], k.RecordReading(ctx, who, "", readingOf(shown[0].State))
}

// readAtOnce is how many histories are read and folded together. A page then costs few statements,
// and loads at most that many histories that it does not show.
const readAtOnce = 100

// read folds subjects as they are disclosed to a caller.
func (k *Kernel[S]) read(ctx context.Context, who identity.Caller, subjects ...string) ([]Shown[S], error) {
	if who.Role != identity.RoleClient && !IsParty(who) {
		return nil, NotFound()
	}
	all := make([]Shown[S], 0, len(subjects))
	for part := range slices.Chunk(subjects, readAtOnce) {
		shown, err := k.readPart(ctx, who, part)
		if err != nil {
			return nil, err
		}
		all = append(all, shown...)
	}
	return all, nil
}

func (k *Kernel[S]) readPart(ctx context.Context, who identity.Caller, subjects []string) ([]Shown[S], error) {
	all := make([]Shown[S], 0, len(subjects))
	if who.Role == identity.RoleClient {
		views, err := k.Engine.ReadClient(ctx, who.Client, subjects...)
		for _, view := range views {
			all = append(all, k.shown(view, who))
		}
		return all, err
	}
	histories, err := k.Engine.Read(ctx, who.Agency, subjects...)
	if err != nil {
		return nil, err
	}
	delivered, err := k.delivered(ctx, histories, who.Agency)
	if err != nil {
		return nil, err
	}
	for i, history := range histories {
		shown := k.shown(history.Views[who.Agency], who)
		shown.Delivered = delivered[i]
		all = append(all, shown)
	}
	return all, nil
}

func readingOf[S matter.State](state S) Reading {
	head := state.Common()
	return Reading{Subject: head.Subject, Client: head.Client, Basis: head.Basis}
}

// delivered tells for each history whether another side's system has acknowledged the last message
// that was disclosed to both. It queries each agency's mailbox once.
func (k *Kernel[S]) delivered(ctx context.Context, histories []matter.History[S], own string) ([]bool, error) {
	delivered, shared := make([]bool, len(histories)), map[string][]string{}
	for _, history := range histories {
		for _, agency := range others(history, own) {
			shared[agency] = append(shared[agency], history.Shared)
		}
	}
	for agency, messages := range shared {
		sequences, err := k.Store.Sequences(ctx, agency, messages...)
		if err != nil {
			return nil, fault.Store(err)
		}
		consumers, err := k.Store.Consumers(ctx, agency)
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

// Identity returns the identity of a matter's client, as a caller may know it, and records the
// reading. Contact data under a non-disclosure for safety are shown only to the responsible agency
// and to the person.
func (k *Kernel[S]) Identity(ctx context.Context, id string) (*commonv1.Client, error) {
	who, err := Caller(ctx)
	if err != nil {
		return nil, err
	}
	client, state, err := k.identity(ctx, who, k.config.Collection+id)
	if err != nil {
		return nil, err
	}
	if client == nil {
		return nil, fault.New(fault.NotFound, "this matter names no person")
	}
	return client, k.RecordReading(ctx, who, "identity", readingOf(state))
}

// identity returns the identity of a subject's client, as a caller may know it, and the subject as
// it was disclosed to the caller. The client reads their own identity in full.
func (k *Kernel[S]) identity(ctx context.Context, who identity.Caller, subject string) (*commonv1.Client, S, error) {
	var none S
	if who.Role == identity.RoleClient {
		views, err := k.Engine.ReadClient(ctx, who.Client, subject)
		if err != nil || views[0].State.Common().IsRevoked() {
			return nil, none, err
		}
		client, err := k.client(ctx, subject)
		return client, views[0].State, err
	}
	if !IsParty(who) {
		return nil, none, NotFound()
	}
	histories, err := k.Engine.Read(ctx, who.Agency, subject)
	if err != nil {
		return nil, none, err
	}
	found, err := k.clientFor(ctx, who.Agency, histories[0])
	return found.client, histories[0].Views[who.Agency].State, err
}

// Related returns the state of a matter as it was disclosed to a caller who is party to it or the
// person whom it concerns; for any other caller it is not found. Related does not record a reading:
// the calling code must record what it shows.
func (k *Kernel[S]) Related(ctx context.Context, who identity.Caller, id string) (S, error) {
	var none S
	subject := k.config.Collection + id
	if who.Role == identity.RoleClient {
		views, err := k.Engine.ReadClient(ctx, who.Client, subject)
		if err != nil {
			return none, err
		}
		return views[0].State, nil
	}
	if !IsParty(who) {
		return none, NotFound()
	}
	histories, err := k.Engine.Read(ctx, who.Agency, subject)
	if err != nil {
		return none, err
	}
	return histories[0].Views[who.Agency].State, nil
}

// CheckParty refuses a step by a caller without an agency. The person gets RoleNotAllowed and not
// NotFound, because the person may know that the matter exists.
func (k *Kernel[S]) CheckParty(ctx context.Context, who identity.Caller, id string) error {
	if IsParty(who) {
		return nil
	}
	if _, err := k.Related(ctx, who, id); err != nil {
		return err
	}
	return fault.New(fault.RoleNotAllowed, "the client reads a matter and takes no step in it")
}

// Get reads a matter for its caller and converts it to a message.
func Get[S matter.State, M any](ctx context.Context, k *Kernel[S], id string, made func(Shown[S]) M) (M, error) {
	shown, err := k.Show(ctx, id)
	if err != nil {
		var none M
		return none, err
	}
	return made(shown), nil
}

// Each converts a page of a worklist to messages.
func Each[S matter.State, M any](page Page[S], made func(Shown[S]) M) []M {
	messages := make([]M, 0, len(page.Shown))
	for _, shown := range page.Shown {
		messages = append(messages, made(shown))
	}
	return messages
}
