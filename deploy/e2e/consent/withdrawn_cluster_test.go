package consent

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
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
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 1, nil)
	conn := testkit.Dial(t, c.Gateways[0].Address)
	consents, referrals, concerns := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn), concernv1.NewConcernServiceClient(conn)
	s := starterOf(conn)
	county := testkit.As(t, conn, testkit.County, "ps-21", "social_worker")
	issued := testkit.IssueToken(t, conn, &devv1.IssueTokenRequest{Role: "client", PersonalIdentityCode: testkit.AnnaCode})
	client := testkit.WithToken(t, issued)
	older := given(time.Now().Add(-time.Minute))
	referral := testkit.Insist(t, county, referrals.SendReferral, referred(older, testkit.Health)).GetReferral()

	died := c.Services["concern"][0]
	died.End(syscall.SIGKILL)
	withdraw := withdrawal("referrals/" + referral.GetReferralId())
	soon, cancel := context.WithTimeout(client, 5*time.Second)
	defer cancel()
	if answered, err := consents.WithdrawConsent(soon, withdraw); err == nil {
		t.Fatalf("it is answered as if all had it: %v", answered)
	}
	for _, service := range suite.Names() {
		if service == "concern" {
			continue // it is down
		}
		if _, err := s.begin(county, service, testkit.Anna(), testkit.Health, older); fault.ReasonOf(err) != fault.ConsentWithdrawn {
			t.Errorf("a %s that has it does not hold to it: %v", service, err)
		}
	}
	died.Start()
	check := &concernv1.CheckOpenConcernRequest{Client: testkit.Anna(), Receiver: testkit.Health, Basis: older}
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
	if done := testkit.Insist(t, client, consents.WithdrawConsent, withdraw).GetConsent(); done.GetWithdrawal() == nil {
		t.Errorf("%v", done)
	}
	anew := referred(given(time.Now()), testkit.Health)
	anew.RequestId = uuid.NewString()
	testkit.Insist(t, county, referrals.SendReferral, anew)
	c.Fsck()
}
