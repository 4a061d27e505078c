package e2e

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"

	"koppi.internal/pkg/fault"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// One of the services is down when a client withdraws a consent. The answer says that the
// withdrawal is incomplete, and the others apply it already. Once that service is up again it
// applies it too, even if nobody repeats the request; a repeated request is answered as done.
func TestAServiceDiesInAWithdrawal(t *testing.T) {
	t.Parallel()
	c := newGround(t, "fsync=off").cluster(t, 1, nil)
	conn := dialStubborn(t, c.gateways[0].address)
	consents, referrals, concerns := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn), concernv1.NewConcernServiceClient(conn)
	s := starterOf(conn)
	county := as(t, conn, countyParty, "ps-21", "social_worker")
	issued := insist(t, t.Context(), devv1.NewDevServiceClient(conn).IssueToken, &devv1.IssueTokenRequest{Role: "client", PersonalIdentityCode: annaClient.GetPersonalIdentityCode()})
	client := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+issued.GetToken())
	older := given(time.Now().Add(-time.Minute))
	referral := insist(t, county, referrals.SendReferral, referred(older, healthParty)).GetReferral()

	died := c.services["concern"][0]
	died.end(syscall.SIGKILL)
	withdraw := withdrawal("referrals/" + referral.GetReferralId())
	soon, cancel := context.WithTimeout(client, 5*time.Second)
	defer cancel()
	if answered, err := consents.WithdrawConsent(soon, withdraw); err == nil {
		t.Fatalf("it is answered as if all had it: %v", answered)
	}
	for _, service := range []string{"referral", "consultation", "plan"} {
		if _, err := s.begin(county, service, annaClient, healthParty, older); fault.ReasonOf(err) != fault.ConsentWithdrawn {
			t.Errorf("a %s that has it does not hold to it: %v", service, err)
		}
	}
	died.start()
	check := &concernv1.CheckOpenConcernRequest{Client: annaClient, Receiver: healthParty, Basis: older}
	for until := time.Now().Add(time.Minute); ; {
		_, err := concerns.CheckOpenConcern(county, check)
		if fault.ReasonOf(err) == fault.ConsentWithdrawn {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("it is not told of the withdrawal: %v", err)
		}
		<-time.After(50 * time.Millisecond)
	}
	if done := insist(t, client, consents.WithdrawConsent, withdraw).GetConsent(); done.GetWithdrawal() == nil {
		t.Errorf("%v", done)
	}
	anew := referred(given(time.Now()), healthParty)
	anew.RequestId = uuid.NewString()
	insist(t, county, referrals.SendReferral, anew)
	c.fsck()
}
