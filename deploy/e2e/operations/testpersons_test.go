package operations

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// A test environment of separate processes accepts the identity codes of test persons alone, and says what it is. A
// gateway that was started as in production passes nothing to its services.
func TestLongTestEnvironment(t *testing.T) {
	const flag = "--test-persons"
	p := clustertest.StartProduction(t, flag)
	system := testkit.Must(p.Kela.Config("etuus", "etuus.kela.example"))
	system.RootCAs = testkit.Must(p.Suite.Config("anybody")).RootCAs
	kela := testkit.DialTLS(t, p.Gateways[0].Address, system)
	if info := testkit.Must(caseworkv1.NewCaseworkServiceClient(kela).GetServerInfo(t.Context(), &caseworkv1.GetServerInfoRequest{})); !info.GetTestPersons() {
		t.Error("it does not say that it is a test environment")
	}
	handler := metadata.AppendToOutgoingContext(t.Context(), identity.MetadataOnBehalfOf, "kela-17;toimeentulotuki;benefit_handler")
	concerns := concernv1.NewConcernServiceClient(kela)
	of := func(code string) *concernv1.SubmitConcernRequest {
		request := testkit.Submission()
		request.RequestId = uuid.NewString()
		request.Client = &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: code}, Language: "fi"}
		return request
	}
	submitted := testkit.Must(concerns.SubmitConcern(handler, of("010594Y9032"))).GetConcern()
	// The example that the Population Register publishes: its number is one that real persons have.
	if err := testkit.Refusal(concerns.SubmitConcern(handler, of("131052-308T"))); fault.ReasonOf(err) != fault.InvalidIdentityCode {
		t.Errorf("a real person's code: %v", err)
	}

	gateway := p.Gateways[0]
	gateway.Args = slices.DeleteFunc(slices.Clone(gateway.Args), func(arg string) bool { return arg == flag })
	gateway.Restart()
	if err := testkit.Refusal(concerns.GetConcern(handler, &concernv1.GetConcernRequest{ConcernId: submitted.GetConcernId()})); fault.ReasonOf(err) != fault.Unavailable || !strings.Contains(err.Error(), flag) {
		t.Errorf("a gateway of production before services of a test environment: %v", err)
	}
	p.Fsck()
}
