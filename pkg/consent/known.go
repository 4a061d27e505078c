package consent

import (
	"context"

	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// knows tells whether a caller may know of a client's directives here. A person who reads by unit may if it
// may read a matter of the client in this service, or what a party to a directive did: its unit recorded the
// directive, requested the override, or sent what was stopped. To any other such person they do not exist.
func (d *Recording[S]) knows(ctx context.Context, who identity.Caller, client string, directives directive.Directives) (bool, error) {
	scope := d.Matters.Scopes.Of(who)
	if who.Role == identity.RoleClient || scope.Whole {
		return true, nil
	}
	for _, by := range directives.Actors() {
		if by.GetAgency() == scope.Agency && scope.Permission(partsOf(by), "") == matter.PermissionFull {
			return true, nil
		}
	}
	query := d.Matters.Scopes.Query(who, journal.Query{Agency: who.Agency, Client: client, WithHidden: true, Limit: 1})
	entries, err := d.Book.Store.WorklistEntries(ctx, query)
	return len(entries) > 0, fault.Store(err)
}

// partsOf returns the parts that one party has in what it did.
func partsOf(party *commonv1.Party) matter.Parts {
	return matter.PartsOf([]string{party.GetUnit()}, []string{party.GetWorker()})
}

// mayName tells whether a request may name earlier directives of the client: they exist for its caller here,
// or another service knows that the caller has a live matter of the client. A request that names none always
// may.
func (d *Recording[S]) mayName(ctx context.Context, who identity.Caller, client string, r request, directives directive.Directives) (bool, error) {
	if _, override := r.(*consentv1.RequestOverrideRequest); namedBy(r) == "" && !override || d.Vouching.isVouchedFor(ctx, who.Agency, client, r) {
		return true, nil
	}
	return d.knows(ctx, who, client, directives)
}
