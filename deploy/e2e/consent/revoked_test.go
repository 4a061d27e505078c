package consent

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/identity"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// revoke enters a matter of a service in error.
func (s starter) revoke(ctx context.Context, service, id string) error {
	request := uuid.NewString()
	switch service {
	case "concern":
		return testkit.Refusal(s.concerns.RevokeConcern(ctx, &concernv1.RevokeConcernRequest{RequestId: request, ConcernId: id, Reason: "Väärä."}))
	case "referral":
		return testkit.Refusal(s.referrals.RevokeReferral(ctx, &referralv1.RevokeReferralRequest{RequestId: request, ReferralId: id, Reason: "Väärä."}))
	case "consultation":
		return testkit.Refusal(s.consultations.RevokeConsultation(ctx, &consultationv1.RevokeConsultationRequest{RequestId: request, ConsultationId: id, Reason: "Väärä."}))
	case "plan":
		return testkit.Refusal(s.plans.RevokePlan(ctx, &planv1.RevokePlanRequest{RequestId: request, PlanId: id, Reason: "Väärä."}))
	default:
		return fmt.Errorf("no %s is revoked here", service)
	}
}

// A tombstone says whether the matter was revoked, the consent was withdrawn, or the content was
// erased. After a withdrawal, what a concern's receiver had is complete.
func TestTombstonesSayWhy(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	s := starterOf(conn)
	kela, system := f.As("kela"), f.As("system")
	countySystem := testkit.WithToken(t, f.Token(testkit.SystemOf("hva-pohjois-savo")))
	ids := map[exchangev1.Erasure]string{}
	for i, why := range []exchangev1.Erasure{exchangev1.Erasure_ERASURE_REVOKED, exchangev1.Erasure_ERASURE_WITHDRAWN, exchangev1.Erasure_ERASURE_ERASED} {
		code := []string{"010594Y9032", "051179-913X", "140391-9021"}[i]
		client := testkit.ClientOf(code)
		ids[why] = testkit.Must(s.begin(kela, "concern", client, testkit.County, testkit.Consented()))
	}
	if err := s.revoke(kela, "concern", ids[exchangev1.Erasure_ERASURE_REVOKED]); err != nil {
		t.Fatal(err)
	}
	testkit.Insist(t, kela, s.consents.WithdrawConsent, withdrawal("concerns/"+ids[exchangev1.Erasure_ERASURE_WITHDRAWN]))
	if err := f.Koppi.Store("concern").Erase(t.Context(), "concerns/"+ids[exchangev1.Erasure_ERASURE_ERASED]); err != nil {
		t.Fatal(err)
	}
	for name, reader := range map[string]context.Context{"reporter": system, "receiver": countySystem} {
		messages := testkit.Mailbox(t, reader, conn)
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
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 2, suite.Names())
	one, other := testkit.Dial(t, c.Gateways[0].Address), testkit.Dial(t, c.Gateways[1].Address)
	s := starterOf(one)
	sender := testkit.As(t, one, testkit.County, "ps-21", string(identity.RoleSocialWorker))
	holders := map[string]context.Context{}
	for _, agency := range []string{testkit.County.GetAgency(), testkit.Employment.GetAgency()} {
		holders[agency] = testkit.As(t, one, &commonv1.Party{Agency: agency}, "", string(identity.RoleSystem))
		// What the readers have looked at is in their memory.
		testkit.Mailbox(t, holders[agency], other)
	}
	for range rounds {
		for _, service := range suite.Names() {
			id := testkit.Must(s.begin(sender, service, &commonv1.Client{Identity: testkit.Anna().GetIdentity()}, testkit.Employment, testkit.Consented()))
			subject := service + "s/" + id
			for agency, holder := range holders {
				if names := eventNames(testkit.Mailbox(t, holder, other), subject); service != "plan" && (len(names) == 0 || names[0] == "-") {
					t.Fatalf("%s reads of the %s: %v", agency, service, names)
				}
			}
			if err := s.revoke(sender, service, id); err != nil {
				t.Fatalf("%s: %v", service, err)
			}
			for agency, holder := range holders {
				for _, name := range eventNames(testkit.Mailbox(t, holder, other), subject) {
					if name != "-" && name != "EnteredInError" {
						t.Errorf("the %s is revoked, and %s reads %s", service, agency, name)
					}
				}
			}
		}
	}
}
