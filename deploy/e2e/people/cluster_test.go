package people

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/people"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// cluster is Koppi as separate processes with two gateways, and a world behind each. The clinic has matters of
// Anna; of the workers of the health centre, "nurse" and "late" are at times on its roster, "emergency" reads in
// an emergency, and "outsider" never reads.
type cluster struct {
	*clustertest.Cluster

	a, b *world
	// line leads from the second gateway to the concern service, which keeps the people, and store from that
	// service to its PostgreSQL.
	line, store *testkit.Proxy
	matters
	wishes
}

func openCluster(t *testing.T) *cluster {
	t.Helper()
	env, endless := clustertest.NewEnvironment(t, "fsync=off"), func() int64 { return -1 }
	c := &cluster{store: testkit.NewProxy(t, fmt.Sprintf("127.0.0.1:%d", env.Postgres.Port()), endless)}
	_, port, _ := net.SplitHostPort(testkit.TrimScheme(c.store.Address))
	env.Reach = func(dsn string) string {
		if strings.Contains(dsn, "user="+clustertest.Role("concern")+" ") {
			return strings.Replace(dsn, fmt.Sprintf("port=%d", env.Postgres.Port()), "port="+port, 1)
		}
		return dsn
	}
	c.Cluster = env.Start(t, 2, nil)
	concern, second := c.Services["concern"][0].Address, c.Gateways[1]
	c.line = testkit.NewProxy(t, concern, endless)
	second.End(syscall.SIGTERM)
	second.Args = slices.Clone(second.Args)
	second.Args[slices.Index(second.Args, concern)] = testkit.TrimScheme(c.line.Address)
	second.Start()
	c.a, c.b = at(t, c.Gateways[0]), at(t, second)
	for name, party := range map[string]scenario.CastParty{
		"clinic": {Unit: clinic.GetUnit(), Worker: "pp-07", Name: "Päivi Päihde"}, "emergency": {Unit: testkit.Health.GetUnit(), Worker: "tk-06"},
		"late": {Unit: testkit.Health.GetUnit(), Worker: "tk-07"}, "outsider": {Unit: testkit.Health.GetUnit(), Worker: "tk-08"},
	} {
		party.Agency, party.Role = clinic.GetAgency(), "health_professional"
		c.a.Tokens[name] = c.a.Token(party)
		c.b.Tokens[name] = c.a.Tokens[name]
	}
	c.matters = c.a.told(c.a.As("clinic"), clinic, testkit.Anna())
	c.wishes = c.a.directs(c.a.As("clinic"))
	// Who has called is a colleague, who can be on a roster.
	if readers := c.a.readBy(c.matters, everybody...); readers != nil {
		t.Fatalf("the clinic's referral is read by %q", readers)
	}
	return c
}

// casework is the client of what the gateway adds to the services.
func (w *world) casework() caseworkv1.CaseworkServiceClient {
	return caseworkv1.NewCaseworkServiceClient(w.conn)
}

// briefly is a context in which somebody calls and waits no longer than a page would: what a gateway asks of a
// service that is down waits until then.
func (w *world) briefly(who string) (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.As(who), 2*time.Second)
}

// referralOf returns the clinic's referral as somebody reads it; nil if it is not found.
func (w *world) referralOf(who string, m matters) *referralv1.Referral {
	w.t.Helper()
	read, err := w.referrals.GetReferral(w.As(who), &referralv1.GetReferralRequest{ReferralId: m.referral.GetReferralId()}, grpc.WaitForReady(true))
	if err != nil && fault.ReasonOf(err) != fault.NotFound {
		w.t.Errorf("%s: %v", who, err)
	}
	return read.GetReferral()
}

// readBy returns those of some callers by whom the clinic's referral is read.
func (w *world) readBy(m matters, some ...string) (readers []string) {
	w.t.Helper()
	reads := make([]bool, len(some))
	var group sync.WaitGroup
	for i, who := range some {
		group.Go(func() { reads[i] = w.referralOf(who, m) != nil })
	}
	group.Wait()
	for i, who := range some {
		if reads[i] {
			readers = append(readers, who)
		}
	}
	return readers
}

// everybody are the workers of the health centre.
var everybody = []string{"nurse", "emergency", "late", "outsider"}

// workers are the keys of callers who are on the clinic's roster at times.
var workers = map[string]string{"nurse": "tk-02", "late": "tk-07", "outsider": "tk-08"}

// duty puts callers on the clinic's roster of this week, and nobody else.
func (w *world) duty(callers ...string) error {
	who, cancel := w.briefly("clinic leader")
	defer cancel()
	r := &caseworkv1.SetDutyRequest{RequestId: id(), Unit: clinic.GetUnit(), Week: people.WeekOf(time.Now())}
	for _, who := range callers {
		r.Workers = append(r.Workers, workers[who])
	}
	return testkit.Refusal(w.casework().SetDuty(who, r))
}

// emergency opens an emergency reading of Anna.
func (w *world) emergency(who string) error {
	ctx, cancel := w.briefly(who)
	defer cancel()
	return testkit.Refusal(w.casework().OpenEmergencyReading(ctx, &caseworkv1.OpenEmergencyReadingRequest{
		RequestId: id(), PersonalIdentityCode: testkit.AnnaCode, Reason: caseworkv1.EmergencyReason_EMERGENCY_REASON_LIFE_OR_HEALTH, Explanation: "Tajuton.",
	}))
}

// namedWork is the worklist of a unit with the clients' names.
var namedWork = &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_UNIT, WithNames: true}

// clients lists the clinic's worklist with the clients' names, as who leads the clinic.
func (w *world) clients() (*caseworkv1.ListWorkResponse, error) {
	return w.work("clinic leader", namedWork)
}

// work lists a worklist.
func (w *world) work(who string, r *caseworkv1.ListWorkRequest) (*caseworkv1.ListWorkResponse, error) {
	ctx, cancel := w.briefly(who)
	defer cancel()
	return w.casework().ListWork(ctx, r)
}

// colleagues lists the people of the clinic.
func (w *world) colleagues() (*caseworkv1.ListColleaguesResponse, error) {
	ctx, cancel := w.briefly("clinic leader")
	defer cancel()
	return w.casework().ListColleagues(ctx, &caseworkv1.ListColleaguesRequest{Unit: clinic.GetUnit()})
}

// reachable reports whether the worker of the clinic is shown as reachable.
func (w *world) reachable() bool {
	w.t.Helper()
	return testkit.Insist(w.t, w.As("county"), w.consultations.GetReachability, &consultationv1.GetReachabilityRequest{
		Parties: []*commonv1.Party{{Agency: clinic.GetAgency(), Unit: clinic.GetUnit(), Worker: "pp-07"}},
	}).GetReachabilities()[0].GetReachable()
}
