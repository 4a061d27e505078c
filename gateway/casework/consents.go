package casework

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// consents answers ConsentService.
type consents struct {
	consentv1.UnimplementedConsentServiceServer
	*Casework
}

// maxConsents bounds a list.
const maxConsents = 1000

// ListConsents merges what each service's matters rest on, the newest first.
func (c consents) ListConsents(ctx context.Context, r *consentv1.ListConsentsRequest) (*consentv1.ListConsentsResponse, error) {
	_, parts, err := ask(ctx, c.Casework, func(ctx context.Context, _ string, service caseworkv1.MatterServiceClient) (*caseworkv1.ReadConsentsResponse, error) {
		return service.ReadConsents(ctx, &caseworkv1.ReadConsentsRequest{Consents: r})
	})
	if err != nil {
		return nil, err
	}
	response := &consentv1.ListConsentsResponse{}
	for _, part := range parts {
		response.Consents = append(response.Consents, part.GetConsents()...)
	}
	slices.SortFunc(response.Consents, func(a, b *consentv1.Consent) int {
		return cmp.Or(b.GetGivenAt().AsTime().Compare(a.GetGivenAt().AsTime()), cmp.Compare(a.GetSubject(), b.GetSubject()))
	})
	response.Consents = response.Consents[:min(len(response.GetConsents()), maxConsents)]
	return response, nil
}

// WithdrawConsent has the service of the matter do it, and answers once all others have it.
func (c consents) WithdrawConsent(ctx context.Context, r *consentv1.WithdrawConsentRequest) (*consentv1.WithdrawConsentResponse, error) {
	service, err := c.serviceOf(r.GetSubject())
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

// AcknowledgeWithdrawal has the service of the matter do it.
func (c consents) AcknowledgeWithdrawal(ctx context.Context, r *consentv1.AcknowledgeWithdrawalRequest) (*consentv1.AcknowledgeWithdrawalResponse, error) {
	service, err := c.serviceOf(r.GetSubject())
	if err != nil {
		return nil, err
	}
	recorded, err := service.RecordAcknowledgement(identity.Forward(ctx), &caseworkv1.RecordAcknowledgementRequest{Acknowledgement: r})
	return &consentv1.AcknowledgeWithdrawalResponse{Consent: recorded.GetConsent()}, err
}

// serviceOf leads to the service of a subject.
func (c *Casework) serviceOf(subject string) (caseworkv1.MatterServiceClient, error) {
	collection, _, _ := strings.Cut(subject, "/")
	conn := c.config.Services[collection]
	if conn == nil {
		return nil, matter.NotFound()
	}
	return caseworkv1.NewMatterServiceClient(conn), nil
}
