// Package gateway lets all services record the consent directives of clients, and merges what they
// know of them.
package gateway

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/mailbox"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Consents implements ConsentService. The caller must run Run.
type Consents struct {
	consentv1.UnimplementedConsentServiceServer

	Services fanout.Services
	Secrets  *identity.Secrets
	Logger   *slog.Logger
}

// maxConsents bounds a list, in elements.
const maxConsents = 1000

const consentKind = identity.Kind("consent-page")

// ListConsents merges the consents on which each service's matters rest. From page to page the
// newest matter comes first; within a page, the newest consent.
func (c *Consents) ListConsents(ctx context.Context, r *consentv1.ListConsentsRequest) (*consentv1.ListConsentsResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	place, err := c.consentPlace(who, r)
	if err != nil {
		return nil, err
	}
	names, parts, err := fanout.AskForCaller(ctx, c.Services, func(ctx context.Context, name string, service caseworkv1.MatterServiceClient) (*caseworkv1.ReadConsentsResponse, error) {
		return service.ReadConsents(ctx, &caseworkv1.ReadConsentsRequest{Consents: r, After: place.GetAfter()[name]})
	})
	if err != nil {
		return nil, err
	}
	response, next := &consentv1.ListConsentsResponse{}, &caseworkv1.ConsentsPlace{After: place.GetAfter(), Request: c.consentDigest(r)}
	if next.GetAfter() == nil {
		next.After = map[string]*caseworkv1.ConsentPlace{}
	}
	page, isWhole := mailbox.Page{}, false
	for len(response.GetConsents()) < maxConsents {
		from := newestPart(parts)
		if isWhole = from < 0; isWhole || isSpent(parts) || !page.Takes(parts[from].GetConsents()[0]) {
			break
		}
		response.Consents, next.After[names[from]] = append(response.Consents, parts[from].GetConsents()[0]), parts[from].GetPlaces()[0]
		parts[from].Consents, parts[from].Places = parts[from].GetConsents()[1:], parts[from].GetPlaces()[1:]
	}
	slices.SortStableFunc(response.Consents, func(a, b *consentv1.Consent) int {
		return cmp.Or(b.GetGivenAt().AsTime().Compare(a.GetGivenAt().AsTime()), cmp.Compare(a.GetSubject(), b.GetSubject()))
	})
	if isWhole && !isSpent(parts) {
		return response, nil
	}
	payload, err := proto.Marshal(next)
	if err != nil {
		return nil, err
	}
	response.NextPageToken = c.Secrets.Token(consentKind, caller.PageOwner(who), payload)
	return response, nil
}

// newestPart is the index of the part whose next consent belongs to the newest matter; -1 where no
// part has a consent left.
func newestPart(parts []*caseworkv1.ReadConsentsResponse) int {
	newest := -1
	for i, part := range parts {
		if len(part.GetPlaces()) > 0 && (newest < 0 || part.GetPlaces()[0].GetStartedAt().AsTime().After(parts[newest].GetPlaces()[0].GetStartedAt().AsTime())) {
			newest = i
		}
	}
	return newest
}

// isSpent reports whether a part is used up although its service has more: what follows is not
// known then.
func isSpent(parts []*caseworkv1.ReadConsentsResponse) bool {
	return slices.ContainsFunc(parts, func(part *caseworkv1.ReadConsentsResponse) bool { return part.GetMore() && len(part.GetPlaces()) == 0 })
}

// consentPlace is the place at which a page begins; nil for the first page. It fails with
// INVALID_PAGE_TOKEN.
func (c *Consents) consentPlace(who identity.Caller, r *consentv1.ListConsentsRequest) (*caseworkv1.ConsentsPlace, error) {
	if r.GetPageToken() == "" {
		return nil, nil
	}
	place := &caseworkv1.ConsentsPlace{}
	payload, ok := c.Secrets.OpenToken(consentKind, caller.PageOwner(who), r.GetPageToken())
	if !ok || proto.Unmarshal(payload, place) != nil || string(place.GetRequest()) != string(c.consentDigest(r)) {
		return nil, fault.New(fault.InvalidPageToken, "the page token does not belong to this list").Field("page_token", "send it unchanged")
	}
	return place, nil
}

// consentDigest identifies a list, so that a page token counts for that list only.
func (c *Consents) consentDigest(r *consentv1.ListConsentsRequest) []byte {
	return c.Secrets.Digest([]byte(r.GetClientId()))
}

// WithdrawConsent lets the service of the matter record the withdrawal, and returns once all other
// services have it.
func (c *Consents) WithdrawConsent(ctx context.Context, r *consentv1.WithdrawConsentRequest) (*consentv1.WithdrawConsentResponse, error) {
	service, err := c.Services.Of(r.GetSubject())
	if err != nil {
		return nil, err
	}
	recorded, err := service.RecordWithdrawal(identity.Forward(ctx), &caseworkv1.RecordWithdrawalRequest{Withdrawal: r})
	if err != nil {
		return nil, err
	}
	collection, _, _ := strings.Cut(r.GetSubject(), "/")
	return &consentv1.WithdrawConsentResponse{Consent: recorded.GetConsent()}, c.passOn(ctx, collection, recorded.GetWithdrawals())
}

// AcknowledgeWithdrawal lets the service of the matter record the acknowledgement.
func (c *Consents) AcknowledgeWithdrawal(ctx context.Context, r *consentv1.AcknowledgeWithdrawalRequest) (*consentv1.AcknowledgeWithdrawalResponse, error) {
	service, err := c.Services.Of(r.GetSubject())
	if err != nil {
		return nil, err
	}
	recorded, err := service.RecordAcknowledgement(identity.Forward(ctx), &caseworkv1.RecordAcknowledgementRequest{Acknowledgement: r})
	return &consentv1.AcknowledgeWithdrawalResponse{Consent: recorded.GetConsent()}, err
}
