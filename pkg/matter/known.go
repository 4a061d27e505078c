package matter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// known is who a client is, as somebody may know it; the zero one for nothing.
type known struct {
	client *commonv1.Client
	// subject is the matter by which it is known.
	subject string
	// masked tells that contact data were left out, under a non-disclosure for safety.
	masked bool
}

// clientFor is who the client of a matter is, as an agency may know it now. Every use that
// is made of a stored identity for an agency goes through here: what it reads, what it
// begins by it, and where that is sent. It is nothing without a live relation, of what was
// entered in error, and of what it was told on a consent that was withdrawn; and without
// contact data under a non-disclosure for safety, but for who is responsible.
func (k *Kernel[S]) clientFor(ctx context.Context, agency string, history loop.History[S]) (known, error) {
	view := history.Views[agency].State
	if head := view.Common(); !history.Related(agency) || head.IsRevoked() || head.Client == "" {
		return known{}, nil
	}
	subject := history.State.Common().Subject
	client, err := k.client(ctx, subject)
	if err != nil || client == nil {
		return known{}, err
	}
	if !client.GetDetails().GetNonDisclosure() || k.config.Responsible(view) == agency {
		return known{client: client, subject: subject}, nil
	}
	return known{client: withoutContact(client), subject: subject, masked: true}, nil
}

// withoutContact is a client as under a non-disclosure: what names the person, and nothing
// by which they are found.
func withoutContact(client *commonv1.Client) *commonv1.Client {
	client, details := proto.CloneOf(client), client.GetDetails()
	client.Details = &commonv1.ClientDetails{
		GivenNames: details.GetGivenNames(), FamilyName: details.GetFamilyName(), BirthDate: details.GetBirthDate(), NonDisclosure: true,
	}
	return client
}

// maxKnown bounds how many of an agency's matters of a client are looked into, the newest
// first, for who that is.
const maxKnown = 50

// knownTo is who a client is by the matters here of which an agency may read that now: by
// the newest. Where that is masked, by the newest that shows the agency contact data under a
// non-disclosure too: it then holds, or has brought, those itself.
func (k *Kernel[S]) knownTo(ctx context.Context, agency, inner string) (known, error) {
	standings, err := k.Store.WorklistEntries(ctx, journal.Query{Agency: agency, Client: inner, WithHidden: true})
	if err != nil {
		return known{}, fault.Store(err)
	}
	slices.SortFunc(standings, func(a, b journal.WorklistEntry) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.Subject, a.Subject))
	})
	var newest known
	for _, standing := range standings[:min(len(standings), maxKnown)] {
		history, err := k.history(ctx, standing.Subject)
		if err != nil {
			return known{}, err
		}
		found, err := k.clientFor(ctx, agency, history)
		switch {
		case err != nil:
			return known{}, err
		case found.client == nil:
		case newest.client == nil && !found.masked, newest.client != nil && !found.masked && found.client.GetDetails().GetNonDisclosure():
			return found, nil
		case newest.client == nil:
			newest = found
		}
	}
	return newest, nil
}

// HomeFor is where the client of a matter is served, as far as an agency may know who that
// is: the unit that something is sent to by it is told, and tells it.
func (k *Kernel[S]) HomeFor(ctx context.Context, agency string, history loop.History[S]) (loop.Home, error) {
	found, err := k.clientFor(ctx, agency, history)
	return homeOf(found.client), err
}

// client opens who the client of a subject is; nil where that was erased. It is told to
// nobody as it is: see clientFor.
func (k *Kernel[S]) client(ctx context.Context, subject string) (*commonv1.Client, error) {
	bytes, err := k.Store.Client(ctx, subject)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, nil //nolint:nilnil // erased, which is no failure
	}
	if err != nil {
		return nil, fault.Store(err)
	}
	client := &commonv1.Client{}
	if err := proto.Unmarshal(bytes, client); err != nil {
		return nil, fmt.Errorf("matter: stored client of %s: %w", subject, err)
	}
	return client, nil
}
