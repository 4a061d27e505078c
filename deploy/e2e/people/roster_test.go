package people

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// firstDay is the Monday of week 48 of 2026, at nine in Helsinki.
var firstDay = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

// advance moves the domain's clock.
func (w *world) advance(to time.Time) {
	w.t.Helper()
	testkit.Insist(w.t, w.t.Context(), devv1.NewDevServiceClient(w.conn).AdvanceClock,
		&devv1.AdvanceClockRequest{Target: &devv1.AdvanceClockRequest_To{To: timestamppb.New(to)}})
}

// sent sends a referral of a client from the county to the clinic.
func (w *world) sent(client *commonv1.Client) string {
	w.t.Helper()
	basis := testkit.Consented()
	basis.ConsentedAt = timestamppb.New(firstDay.Add(-time.Hour))
	return testkit.Insist(w.t, w.As("county"), w.referrals.SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: client, Receiver: clinic, Basis: basis, Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE,
		Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}).GetReferral().GetReferralId()
}

// Who is on the roster of a unit reads what the unit reads from that Monday to the end of the week after, and
// has its new matters in the own worklist in that week alone. A week that is set again opens nothing more.
func TestRoster(t *testing.T) {
	w := openAt(t, firstDay)
	casework := caseworkv1.NewCaseworkServiceClient(w.conn)
	id := w.sent(testkit.Anna())
	reads := func() bool {
		_, err := w.referrals.GetReferral(w.As("nurse"), &referralv1.GetReferralRequest{ReferralId: id})
		if err != nil && fault.ReasonOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		return err == nil
	}
	mine := func() bool {
		work := testkit.Insist(t, w.As("nurse"), casework.ListWork, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_ME})
		return slices.ContainsFunc(work.GetItems(), func(item *caseworkv1.WorkItem) bool { return item.GetSubject() == "referrals/"+id && item.GetOnDuty() })
	}
	if reads() || mine() {
		t.Fatal("without a roster")
	}
	set := func(week string, workers ...string) {
		t.Helper()
		testkit.Insist(t, w.As("clinic leader"), casework.SetDuty, &caseworkv1.SetDutyRequest{RequestId: uuid.NewString(), Unit: clinic.GetUnit(), Week: week, Workers: workers})
	}
	set("2026-W49", "tk-02")
	sunday := time.Date(2026, 11, 29, 21, 59, 0, 0, time.UTC)
	for _, step := range []struct {
		at          time.Time
		reads, mine bool
	}{
		{sunday, false, false},
		{sunday.Add(time.Minute), true, true},
		{sunday.AddDate(0, 0, 7), true, true},
		{sunday.AddDate(0, 0, 7).Add(time.Minute), true, false},
		{sunday.AddDate(0, 0, 14), true, false},
		{sunday.AddDate(0, 0, 14).Add(time.Minute), false, false},
	} {
		w.advance(step.at)
		if gotReads, gotMine := reads(), mine(); gotReads != step.reads || gotMine != step.mine {
			t.Errorf("at %v: reads %t, in the own worklist %t", step.at, gotReads, gotMine)
		}
	}
	set("2026-W51", "tk-02")
	if !reads() {
		t.Error("the present week opens nothing")
	}
	set("2026-W51")
	if reads() {
		t.Error("a week that is set again still opens")
	}
	if _, err := casework.SetDuty(w.As("nurse"), &caseworkv1.SetDutyRequest{RequestId: uuid.NewString(), Unit: clinic.GetUnit(), Week: "2026-W51", Workers: []string{"tk-02"}}); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("a worker of another unit sets the roster: %v", err)
	}
}

// An absence and the switch on the page are one: what a worker says for longer than today is an absence, an
// absence is not reachable until the end of its last day, and rows say until when their holder is away.
func TestAbsenceIsReachability(t *testing.T) {
	w := openAt(t, firstDay)
	casework, consultations := caseworkv1.NewCaseworkServiceClient(w.conn), consultationv1.NewConsultationServiceClient(w.conn)
	id := w.sent(testkit.Anna())
	testkit.Insist(t, w.As("clinic"), w.referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: id})
	worker := &commonv1.Party{Agency: clinic.GetAgency(), Unit: clinic.GetUnit(), Worker: "pp-07"}
	reachable := func() *consultationv1.Reachability {
		t.Helper()
		return testkit.Insist(t, w.As("county"), consultations.GetReachability, &consultationv1.GetReachabilityRequest{Parties: []*commonv1.Party{worker}}).GetReachabilities()[0]
	}
	absences := func() []*caseworkv1.Absence {
		t.Helper()
		return testkit.Insist(t, w.As("clinic"), casework.GetRoster, &caseworkv1.GetRosterRequest{Unit: clinic.GetUnit(), FromWeek: "2026-W48", Weeks: 2}).GetAbsences()
	}
	say := func(said *consultationv1.Reachability) {
		t.Helper()
		said.Party = worker
		testkit.Insist(t, w.As("clinic"), consultations.SetReachability, &consultationv1.SetReachabilityRequest{Reachability: said})
	}
	say(&consultationv1.Reachability{Reachable: false})
	if got := absences(); len(got) != 0 {
		t.Errorf("until this evening is an absence: %v", got)
	}
	thursday := time.Date(2026, 11, 26, 22, 0, 0, 0, time.UTC)
	say(&consultationv1.Reachability{Reachable: false, Until: timestamppb.New(thursday), Substitute: &commonv1.Party{Agency: clinic.GetAgency(), Unit: clinic.GetUnit()}})
	if got := absences(); len(got) != 1 || got[0].GetFrom() != "2026-11-23" || got[0].GetTo() != "2026-11-26" || got[0].GetSubstitute().GetUnit() != clinic.GetUnit() {
		t.Fatalf("%v", got)
	}
	work := testkit.Insist(t, w.As("clinic leader"), casework.ListWork, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_UNIT})
	if len(work.GetItems()) != 1 || work.GetItems()[0].GetHolderAbsentUntil() != "2026-11-26" {
		t.Errorf("%v", work.GetItems())
	}
	say(&consultationv1.Reachability{Reachable: true})
	if got := absences(); len(got) != 0 || !reachable().GetReachable() {
		t.Errorf("back: %v", got)
	}
	testkit.Insist(t, w.As("clinic leader"), casework.SetAbsence, &caseworkv1.SetAbsenceRequest{RequestId: uuid.NewString(), Worker: "pp-07", From: "2026-11-23", To: "2026-11-24"})
	if got := reachable(); got.GetReachable() || !got.GetUntil().AsTime().Equal(time.Date(2026, 11, 24, 21, 59, 59, 0, time.UTC)) {
		t.Errorf("absent by the leader's word: %v", got)
	}
}

// Clients' names stand in the own worklist, and in a unit's for who leads it or is on duty; under a
// non-disclosure the holder alone reads them. A worker's reading is recorded once a day.
func TestNamesInLists(t *testing.T) {
	w := openAt(t, firstDay)
	casework := caseworkv1.NewCaseworkServiceClient(w.conn)
	anna, hidden := testkit.Anna(), testkit.ClientOf(bertta)
	anna.Details = &commonv1.ClientDetails{GivenNames: "Anna", FamilyName: "Asiakas"}
	hidden.Details = &commonv1.ClientDetails{GivenNames: "Bertta", FamilyName: "Piilo", NonDisclosure: true}
	for _, id := range []string{w.sent(anna), w.sent(hidden)} {
		testkit.Insist(t, w.As("clinic"), w.referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: id})
	}
	list := func(who string, queue caseworkv1.Queue) ([]string, error) {
		work, err := casework.ListWork(w.As(who), &caseworkv1.ListWorkRequest{Queue: queue, WithNames: true})
		var names []string
		for _, item := range work.GetItems() {
			name := item.GetClientName() + " " + item.GetClientBirthDate()
			if item.GetNonDisclosure() {
				name += " !"
			}
			names = append(names, name)
		}
		slices.Sort(names)
		return names, err
	}
	const me, unit, agency = caseworkv1.Queue_QUEUE_ME, caseworkv1.Queue_QUEUE_UNIT, caseworkv1.Queue_QUEUE_AGENCY
	for _, test := range []struct {
		who   string
		queue caseworkv1.Queue
		want  []string
		err   fault.Reason
	}{
		{"clinic", me, []string{"Asiakas Anna 1994-05-01", "Piilo Bertta 1991-03-14 !"}, ""},
		{"clinic", unit, nil, fault.RoleNotAllowed},
		{"clinic", agency, nil, fault.RoleNotAllowed},
		{"clinic leader", unit, []string{"  !", "Asiakas Anna 1994-05-01"}, ""},
		{"clinic leader", agency, nil, fault.RoleNotAllowed},
	} {
		for range 2 {
			if got, err := list(test.who, test.queue); fault.ReasonOf(err) != test.err || !slices.Equal(got, test.want) {
				t.Errorf("%s in %s: %q %v", test.who, test.queue, got, err)
			}
		}
	}
	// The health centre's leader leads no unit of the clinic.
	if names, err := list("nurse", unit); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("%q %v", names, err)
	}
	client := testkit.Insist(t, w.As("clinic"), casework.ListWork, &caseworkv1.ListWorkRequest{Queue: me}).GetItems()[0].GetClientId()
	recorded := func() (count int) {
		for _, one := range testkit.Insist(t, w.As("clinic"), casework.ListAccesses, &caseworkv1.ListAccessesRequest{ClientId: client, PageSize: 1000}).GetAccesses() {
			if one.GetBy().GetWorker() == "pp-07" && one.GetPurpose() == "names in the worklist" {
				count++
			}
		}
		return count
	}
	if got := recorded(); got != 1 {
		t.Errorf("two readings on a day were recorded %d times", got)
	}
	w.advance(firstDay.AddDate(0, 0, 1))
	if _, err := list("clinic", me); err != nil || recorded() != 2 {
		t.Errorf("on the next day: %d %v", recorded(), err)
	}
}
