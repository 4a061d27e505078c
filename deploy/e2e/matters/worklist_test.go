package matters

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// withDuty is the scenarios' directory with a pair that is on duty this week and, should
// it end meanwhile, in the next; and with no unit on call, so that emergencies go where they are sent at any hour.
func withDuty() *directory.Directory {
	var roster []string
	for _, day := range []time.Time{time.Now(), time.Now().AddDate(0, 0, 7)} {
		year, week := day.In(matter.Helsinki()).ISOWeek()
		roster = append(roster, fmt.Sprintf(`{"week": "%d-W%02d", "workers": ["ps-21", "ps-22"]}`, year, week))
	}
	unit := `"unit": "palveluohjaus",`
	file := strings.Replace(string(config.Directory), `, "onCall": {}`, "", 1)
	return testkit.Must(directory.Parse([]byte(strings.Replace(file, unit, unit+` "duty": [`+strings.Join(roster, ",")+`],`, 1))))
}

// The worklist covers all services: the soonest due first, in pages, each entry once; mine, my
// unit's and my agency's; with the new matters where I am on duty this week.
func TestWorklists(t *testing.T) {
	f := testkit.NewFixtureWith(t, allinone.Config{Directory: withDuty()})
	conn := f.Conn()
	concerns, casework := concernv1.NewConcernServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)
	kela, county := f.As("kela"), f.As("county")
	work := f.BeginMatters(conn)
	var reports []string
	for i := range 5 {
		r := testkit.Submission()
		r.Client = &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}}
		r.Urgency = []commonv1.Urgency{commonv1.Urgency_URGENCY_NORMAL, commonv1.Urgency_URGENCY_EMERGENCY}[i%2]
		r.Basis = testkit.Consented()
		reports = append(reports, "concerns/"+testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId())
	}
	list := func(ctx context.Context, r *caseworkv1.ListWorkRequest) []*caseworkv1.WorkItem {
		t.Helper()
		var all []*caseworkv1.WorkItem
		for {
			page, err := casework.ListWork(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			all, r.PageToken = append(all, page.GetItems()...), page.GetNextPageToken()
			if r.GetPageToken() == "" {
				return all
			}
		}
	}
	subjects := func(items []*caseworkv1.WorkItem) []string {
		var all []string
		for _, item := range items {
			all = append(all, item.GetSubject())
		}
		return all
	}
	agency := list(county, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY, PageSize: 2})
	// Its own concern, five reports, and the plan, whose turn is the county's.
	if len(agency) != 7 || len(slices.Compact(slices.Sorted(slices.Values(subjects(agency))))) != 7 {
		t.Errorf("the agency has %v", subjects(agency))
	}
	if !slices.IsSortedFunc(agency, func(a, b *caseworkv1.WorkItem) int {
		return a.GetStatus().GetDueAt().AsTime().Compare(b.GetStatus().GetDueAt().AsTime())
	}) || agency[0].GetUrgency() != commonv1.Urgency_URGENCY_EMERGENCY {
		t.Error("it is not the soonest due first")
	}
	sent := list(county, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY, Sent: true})
	if len(sent) != 3 {
		t.Errorf("the county sent %v", subjects(sent))
	}
	mine := list(county, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_ME, PageSize: 3})
	onDuty := slices.DeleteFunc(slices.Clone(mine), func(item *caseworkv1.WorkItem) bool { return !item.GetOnDuty() })
	if len(onDuty) != 5 || !slices.Contains(subjects(mine), "concerns/"+work.Concern.GetConcernId()) {
		t.Errorf("I have %v, on duty for %d", subjects(mine), len(onDuty))
	}
	other := testkit.WithToken(t, f.Token(scenario.CastParty{Agency: "hva-pohjois-savo", Unit: "palveluohjaus", Worker: "ps-23", Role: "social_worker"}))
	if got := list(other, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_ME}); len(got) != 0 {
		t.Errorf("who is not on duty has %v", subjects(got))
	}
	if got := list(other, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_UNIT, OwnTurnOnly: true}); len(got) != 5 {
		t.Errorf("the unit has %v", subjects(got))
	}

	// Absence: all of it goes to a colleague at once; what cannot go says why.
	for _, subject := range reports {
		testkit.Insist(t, county, concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: subject[len("concerns/"):]})
	}
	move := &caseworkv1.ReassignWorkRequest{
		RequestId: uuid.NewString(), Subjects: append(slices.Clone(reports), "plans/"+uuid.NewString(), "concerns/"+uuid.NewString()),
		To: &commonv1.Party{Agency: "hva-pohjois-savo", Unit: "palveluohjaus", Worker: "ps-23"}, Reason: "Sairausloma.",
	}
	for range 2 { // the same request again changes nothing
		moved := testkit.Must(casework.ReassignWork(county, move))
		for i, result := range moved.GetResults() {
			want := []codes.Code{codes.OK, codes.OK, codes.OK, codes.OK, codes.OK, codes.FailedPrecondition, codes.NotFound}[i]
			if codes.Code(result.GetStatus().GetCode()) != want {
				t.Errorf("%s: %v", result.GetSubject(), result.GetStatus())
			}
		}
	}
	got := subjects(list(other, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_ME}))
	slices.Sort(got)
	slices.Sort(reports)
	if !slices.Equal(got, reports) {
		t.Errorf("the colleague has %v", got)
	}

	// What was withdrawn is still among what was sent, and says what it was about.
	gone := reports[0]
	testkit.Insist(t, kela, concerns.WithdrawConcern, &concernv1.WithdrawConcernRequest{RequestId: uuid.NewString(), ConcernId: gone[len("concerns/"):], Reason: "Aiheeton."})
	for with, want := range map[bool]int{false: 0, true: 1} {
		ended := slices.DeleteFunc(list(kela, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY, Sent: true, IncludeEnded: with, PageSize: 2}),
			func(item *caseworkv1.WorkItem) bool { return item.GetSubject() != gone })
		if len(ended) != want || want > 0 && !slices.Equal(ended[0].GetAbout(), []string{"TOPIC_RENT_ARREARS"}) {
			t.Errorf("with ended ones %v: %v", with, ended)
		}
	}

	for name, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"a client":      {testkit.Refusal(casework.ListWork(f.As("client"), &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY})), fault.RoleNotAllowed},
		"a system's":    {testkit.Refusal(casework.ListWork(f.As("system"), &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_ME})), fault.InvalidField},
		"no such unit":  {testkit.Refusal(casework.ListWork(county, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_UNIT, Unit: "x"})), fault.UnknownParty},
		"no queue":      {testkit.Refusal(casework.ListWork(county, &caseworkv1.ListWorkRequest{})), fault.InvalidField},
		"not its token": {testkit.Refusal(casework.ListWork(county, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_ME, PageToken: "abc"})), fault.InvalidPageToken},
		"elsewhere":     {testkit.Refusal(casework.ReassignWork(county, &caseworkv1.ReassignWorkRequest{RequestId: uuid.NewString(), Subjects: reports, To: testkit.Kela, Reason: "x"})), fault.UnknownParty},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("%s: %v", name, one.err)
		}
	}
	duty := func(name string) int {
		agencies := testkit.Must(casework.GetAgencies(f.As(name), &caseworkv1.GetAgenciesRequest{}))
		at := slices.IndexFunc(agencies.GetAgencies(), func(a *caseworkv1.Agency) bool { return a.GetAgency() == "hva-pohjois-savo" })
		return len(agencies.GetAgencies()[at].GetUnits()[0].GetDuty())
	}
	if duty("county") != 2 || duty("kela") != 0 {
		t.Error("the roster is its agency's to see")
	}
}

// The parties that may know a planned contact with the client see who will make it and when, until
// it lapses or the attempt is made. A reporter without consent does not see it.
func TestPlannedContacts(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	concerns := concernv1.NewConcernServiceClient(conn)
	kela, county := f.As("kela"), f.As("county")
	taken := func(change func(*concernv1.SubmitConcernRequest)) string {
		r := testkit.Submission()
		change(r)
		id := testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
		testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
		return id
	}
	open := taken(func(*concernv1.SubmitConcernRequest) {})
	closed := taken(func(r *concernv1.SubmitConcernRequest) {
		r.Description = ""
		r.Basis = &commonv1.LegalBasis{
			Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION, Provision: "1301/2014 § 35.2",
			Attestation: &commonv1.Attestation{ConsentUnobtainable: true, EvidentlyUnableToCareForSelf: true},
		}
	})
	plan := func(id string, in, stands time.Duration) error {
		_, err := concerns.PlanContact(county, &concernv1.PlanContactRequest{
			RequestId: uuid.NewString(), ConcernId: id, At: timestamppb.New(time.Now().Add(in)), LapsesAt: timestamppb.New(time.Now().Add(in + stands)),
		})
		return err
	}
	seen := func(ctx context.Context, id string) int {
		return len(testkit.Must(concerns.GetConcern(ctx, &concernv1.GetConcernRequest{ConcernId: id})).GetConcern().GetPlannedContacts())
	}
	for _, id := range []string{open, closed} {
		for range 2 { // the later one takes the place of the first
			if err := plan(id, time.Hour, time.Hour); err != nil {
				t.Fatal(err)
			}
		}
	}
	if seen(county, open) != 1 || seen(kela, open) != 1 || seen(county, closed) != 1 || seen(kela, closed) != 0 {
		t.Errorf("%d %d %d %d see it", seen(county, open), seen(kela, open), seen(county, closed), seen(kela, closed))
	}
	work := testkit.Must(caseworkv1.NewCaseworkServiceClient(conn).ListWork(county, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_ME}))
	if len(work.GetItems()) != 2 || len(work.GetItems()[0].GetPlannedContacts()) != 1 {
		t.Errorf("%v", work)
	}
	for name, err := range map[string]error{"past": plan(open, -time.Hour, 2*time.Hour), "backwards": plan(open, time.Hour, -time.Minute), "for ever": plan(open, time.Hour, 90*24*time.Hour)} {
		if fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("%s: %v", name, err)
		}
	}
	testkit.Insist(t, county, concerns.RecordContactAttempt, &concernv1.RecordContactAttemptRequest{
		RequestId: uuid.NewString(), ConcernId: open, Result: concernv1.ContactResult_CONTACT_RESULT_REACHED,
	})
	if seen(kela, open) != 0 {
		t.Error("the attempt was made, and its plan stands")
	}
	if err := plan(open, 50*time.Hour, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"183600s"}`); err != nil {
		t.Fatal(err)
	}
	if seen(kela, open) != 0 {
		t.Error("it has lapsed, and stands")
	}
}
