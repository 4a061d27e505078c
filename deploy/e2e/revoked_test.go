package e2e

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/pkg/identity"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// revoke enters a matter of a service in error.
func (s starter) revoke(ctx context.Context, service, id string) error {
	request := uuid.NewString()
	switch service {
	case "concern":
		return refusal(s.concerns.RevokeConcern(ctx, &concernv1.RevokeConcernRequest{RequestId: request, ConcernId: id, Reason: "Väärä."}))
	case "referral":
		return refusal(s.referrals.RevokeReferral(ctx, &referralv1.RevokeReferralRequest{RequestId: request, ReferralId: id, Reason: "Väärä."}))
	case "consultation":
		return refusal(s.consultations.RevokeConsultation(ctx, &consultationv1.RevokeConsultationRequest{RequestId: request, ConsultationId: id, Reason: "Väärä."}))
	default:
		return refusal(s.plans.RevokePlan(ctx, &planv1.RevokePlanRequest{RequestId: request, PlanId: id, Reason: "Väärä."}))
	}
}

// A tombstone says whether the matter was revoked, the consent was withdrawn, or the content was
// erased. After a withdrawal, what a concern's receiver had is complete.
func TestTombstonesSayWhy(t *testing.T) {
	b := newBenchOf(t, allinone.Config{})
	conn := b.grpc()
	s := starterOf(conn)
	kela, system := b.asWorker("kela"), b.asWorker("system")
	countySystem := withToken(t, b.token(systemOf("hva-pohjois-savo")))
	ids := map[exchangev1.Erasure]string{}
	for i, why := range []exchangev1.Erasure{exchangev1.Erasure_ERASURE_REVOKED, exchangev1.Erasure_ERASURE_WITHDRAWN, exchangev1.Erasure_ERASURE_ERASED} {
		code := []string{"010594Y9032", "051179-913X", "140391-9021"}[i]
		client := &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: code}, Language: "fi"}
		ids[why] = must(s.begin(kela, "concern", client, countyParty, consented()))
	}
	if err := s.revoke(kela, "concern", ids[exchangev1.Erasure_ERASURE_REVOKED]); err != nil {
		t.Fatal(err)
	}
	insist(t, kela, s.consents.WithdrawConsent, withdrawal("concerns/"+ids[exchangev1.Erasure_ERASURE_WITHDRAWN]))
	if err := b.koppi.Store("concern").Erase(t.Context(), "concerns/"+ids[exchangev1.Erasure_ERASURE_ERASED]); err != nil {
		t.Fatal(err)
	}
	for name, reader := range map[string]context.Context{"reporter": system, "receiver": countySystem} {
		messages := mailboxOf(t, reader, conn)
		for why, id := range ids {
			whole := name == "receiver" && why == exchangev1.Erasure_ERASURE_WITHDRAWN
			found := 0
			for _, message := range messages {
				if message.GetSubject() != "concerns/"+id || message.GetEvent() != nil {
					continue
				}
				found++
				if withheld := message.GetWithheld(); len(withheld) != 1 || withheld[0].GetRule() != "erased" || withheld[0].GetErasure() != why {
					t.Errorf("%s, %s: %v", name, why, withheld)
				}
			}
			if (found == 0) != whole {
				t.Errorf("%s, %s: %d tombstones", name, why, found)
			}
		}
	}
}

// In all services: once one replica has answered a revocation, a reader behind another gateway and
// another replica finds tombstones, and the message that the matter was revoked, in the mailboxes
// of all agencies that it was disclosed to.
func TestRevokedIsGoneWithTheAnswer(t *testing.T) {
	const rounds = 3
	c := newGround(t, "fsync=off").cluster(t, 2, everyService)
	one, other := dialStubborn(t, c.gateways[0].address), dialStubborn(t, c.gateways[1].address)
	s := starterOf(one)
	sender := as(t, one, countyParty, "ps-21", string(identity.RoleSocialWorker))
	holders := map[string]context.Context{}
	for _, agency := range []string{countyParty.GetAgency(), employmentParty.GetAgency()} {
		issued := insist(t, t.Context(), devv1.NewDevServiceClient(one).IssueToken, &devv1.IssueTokenRequest{Agency: agency, Role: string(identity.RoleSystem)})
		holders[agency] = withToken(t, issued.GetToken())
		// What the readers have looked at is in their memory.
		mailboxOf(t, holders[agency], other)
	}
	for range rounds {
		for _, service := range everyService {
			id := must(s.begin(sender, service, &commonv1.Client{Identity: annaClient.GetIdentity()}, employmentParty, consented()))
			subject := service + "s/" + id
			for agency, holder := range holders {
				if names := eventNames(mailboxOf(t, holder, other), subject); service != "plan" && (len(names) == 0 || names[0] == "-") {
					t.Fatalf("%s reads of the %s: %v", agency, service, names)
				}
			}
			if err := s.revoke(sender, service, id); err != nil {
				t.Fatalf("%s: %v", service, err)
			}
			for agency, holder := range holders {
				for _, name := range eventNames(mailboxOf(t, holder, other), subject) {
					if name != "-" && name != "EnteredInError" {
						t.Errorf("the %s is revoked, and %s reads %s", service, agency, name)
					}
				}
			}
		}
	}
}
