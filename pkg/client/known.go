package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// known is a client's identity as one reader may know it; the zero value if the reader may know
// nothing.
type known struct {
	client *commonv1.Client
	// subject is the matter from which the identity comes.
	subject string
	// masked says that contact data were left out because of a non-disclosure for safety.
	masked bool
}

// clientFor returns the identity of a matter's client, as a caller may know it now. Every use of a
// stored identity for a caller goes through here: what the caller reads, what it begins with it,
// and where that is sent. The result is empty where the caller's scope does not allow to read the
// matter, for a matter entered in error, and for what was disclosed on a consent that was withdrawn.
// Under a non-disclosure for safety it lacks contact data, except for the responsible agency, and there
// for a reader in an emergency.
func (c *Clients[S]) clientFor(ctx context.Context, scope matter.Scope, view matter.View[S]) (known, error) {
	allowed, head := c.Matters.Engine.Rules.PermissionIn(scope, view), view.State.Common()
	if allowed == matter.PermissionNone || view.Reader.Gone || head.IsRevoked() || head.Client == "" {
		return known{}, nil
	}
	client, err := c.client(ctx, head.Subject)
	if err != nil || client == nil {
		return known{}, err
	}
	if !client.GetDetails().GetNonDisclosure() || allowed == matter.PermissionFull && c.Responsible(view.State) == scope.Agency {
		return known{client: client, subject: head.Subject}, nil
	}
	return known{client: withoutContact(client), subject: head.Subject, masked: true}, nil
}

// withoutContact returns a client as shown under a non-disclosure: with what names the person, and
// without what locates them.
func withoutContact(client *commonv1.Client) *commonv1.Client {
	client, details := proto.CloneOf(client), client.GetDetails()
	client.Details = &commonv1.ClientDetails{
		GivenNames: details.GetGivenNames(), FamilyName: details.GetFamilyName(), BirthDate: details.GetBirthDate(), NonDisclosure: true,
	}
	return client
}

// maxKnown is how many of an agency's matters of a client are searched, newest first, for the
// client's identity.
const maxKnown = 50

// knownTo returns a client's identity from the newest matter here in which the caller may read it
// now. If that is masked, it uses the newest matter that shows the agency contact data even under a
// non-disclosure: the agency then holds those data itself, or has supplied them.
func (c *Clients[S]) knownTo(ctx context.Context, scope matter.Scope, internal string) (known, error) {
	entries, err := c.Store.WorklistEntries(ctx, journal.Query{Agency: scope.Agency, Client: internal, WithHidden: true, Readable: caller.Readable(scope)})
	if err != nil {
		return known{}, fault.Store(err)
	}
	slices.SortFunc(entries, func(a, b journal.WorklistEntry) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.Subject, a.Subject))
	})
	var newest known
	for _, entry := range entries[:min(len(entries), maxKnown)] {
		history, err := c.Matters.Engine.History(ctx, entry.Subject)
		if err != nil {
			return known{}, err
		}
		found, err := c.clientFor(ctx, scope, history.Views[scope.Agency])
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

// HomeFor returns where the client of a matter that a caller may read is served, as far as the caller's
// agency may know who the client is. The limit is needed because the unit chosen by the home is disclosed, and the unit
// reveals the home.
func (c *Clients[S]) HomeFor(ctx context.Context, agency string, history matter.History[S]) (matter.Home, error) {
	found, err := c.clientFor(ctx, matter.WholeScope(agency), history.Views[agency])
	return homeOf(found.client), err
}

// client decrypts the identity of a subject's client; nil if it was erased. It is never returned to
// a caller as it is: see clientFor.
func (c *Clients[S]) client(ctx context.Context, subject string) (*commonv1.Client, error) {
	bytes, err := c.Store.Client(ctx, subject)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, nil //nolint:nilnil // erased, which is no failure
	}
	if err != nil {
		return nil, fault.Store(err)
	}
	client := &commonv1.Client{}
	if err := proto.Unmarshal(bytes, client); err != nil {
		return nil, fmt.Errorf("client: read the stored client of %s: %w", subject, err)
	}
	return client, nil
}
