package matters

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/mailbox"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// A timeline of hundreds of messages over four services (make soak: a thousand) is read in pages,
// in time order, with no message missing or repeated, while new ones arrive. Each message equals
// that of the mailbox, word for word.
func TestTimeline(t *testing.T) {
	t.Parallel()
	f := testkit.NewFixture(t)
	conn := f.Conn()
	work := f.BeginMatters(conn)
	rounds := min(250, testkit.Times("SOAK_ROUNDS", 30))
	for range rounds {
		for _, more := range work.Steps {
			more()
		}
	}
	county := f.As("county")
	system := f.Token(testkit.SystemOf("hva-pohjois-savo"))
	want := testkit.Mailbox(t, testkit.WithToken(t, system), conn)
	slices.SortFunc(want, mailbox.ByTime)
	if len(want) < 4*rounds {
		t.Fatalf("%d messages", len(want))
	}
	casework := caseworkv1.NewCaseworkServiceClient(conn)
	r := &caseworkv1.GetTimelineRequest{ClientId: want[0].GetClientId(), Purpose: "Arvio", PageSize: 73}
	var got []*exchangev1.CaseMessage
	for {
		page, err := casework.GetTimeline(county, r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.GetMessages()...)
		if page.GetNextPageToken() == "" {
			break
		}
		r.PageToken = page.GetNextPageToken()
		for _, more := range work.Steps {
			more()
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d messages, and %d were there", len(got), len(want))
	}
	for i, message := range got {
		// Its place in a mailbox is a mailbox's.
		stored := proto.CloneOf(want[i])
		stored.Sequence, stored.ContentHash, stored.ChainHash, stored.Traceparent = 0, nil, nil, ""
		if !proto.Equal(message, stored) {
			t.Fatalf("message %d differs:\n%v\n%v", i, message, stored)
		}
	}
	r.PageSize = 10
	if _, err := casework.GetTimeline(county, r); err != nil {
		t.Errorf("a smaller page goes on: %v", err)
	}
	other := proto.CloneOf(r)
	other.ClientId, other.CaseId, other.Purpose = "", work.Concern.GetCaseId(), ""
	if _, err := casework.GetTimeline(county, other); fault.ReasonOf(err) != fault.InvalidPageToken && fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("the token of another timeline: %v", err)
	}
	if _, err := casework.GetTimeline(f.As("nurse"), r); fault.ReasonOf(err) == "" {
		t.Error("another agency goes on with it")
	}
}

func TestWhoReadsATimeline(t *testing.T) {
	f := testkit.NewFixture(t)
	f.Tokens["officer"] = f.Token(scenario.CastParty{Agency: "tyollisyys-kuopio", Unit: "tyollisyys", Worker: "ty-09", Role: "employment_officer"})
	conn := f.Conn()
	work := f.BeginMatters(conn)
	for _, more := range work.Steps {
		more()
	}
	casework := caseworkv1.NewCaseworkServiceClient(conn)
	services := func(name string, r *caseworkv1.GetTimelineRequest) string {
		t.Helper()
		page, err := casework.GetTimeline(f.As(name), r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var all []string
		for _, message := range page.GetMessages() {
			all = append(all, message.GetService())
		}
		slices.Sort(all)
		return strings.Join(slices.Compact(all), " ")
	}
	kelas := &caseworkv1.GetTimelineRequest{ClientId: work.Concern.GetClientId(), Purpose: "Oma asia"}
	if got := services("kela", kelas); got != "concern" {
		t.Errorf("Kela reads of %s", got)
	}
	if got := services("kela", &caseworkv1.GetTimelineRequest{CaseId: work.Concern.GetCaseId()}); got != "concern" {
		t.Errorf("Kela reads in the case of %s", got)
	}
	if got := services("client", &caseworkv1.GetTimelineRequest{}); got != "concern consultation plan referral" {
		t.Errorf("the client reads of %s", got)
	}
	for name, one := range map[string]struct {
		who  string
		r    *caseworkv1.GetTimelineRequest
		want fault.Reason
	}{
		"no purpose":           {"kela", &caseworkv1.GetTimelineRequest{ClientId: work.Concern.GetClientId()}, fault.InvalidField},
		"neither":              {"kela", &caseworkv1.GetTimelineRequest{}, fault.InvalidField},
		"another's name":       {"officer", kelas, fault.UnknownClient},
		"another's case":       {"officer", &caseworkv1.GetTimelineRequest{CaseId: work.Concern.GetCaseId()}, fault.InvalidField},
		"an operator":          {"operator", kelas, fault.RoleNotAllowed},
		"a client of a client": {"client", kelas, fault.InvalidField},
		"no token of ours":     {"kela", &caseworkv1.GetTimelineRequest{ClientId: kelas.GetClientId(), Purpose: "x", PageToken: "abc"}, fault.InvalidPageToken},
		"a code as purpose":    {"kela", &caseworkv1.GetTimelineRequest{ClientId: kelas.GetClientId(), Purpose: "010594Y9032"}, fault.ContentNotAllowed},
	} {
		if _, err := casework.GetTimeline(f.As(one.who), one.r); fault.ReasonOf(err) != one.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Who reads by unit gets of another's name, as of a client of another unit, a timeline without messages.
	if got := services("county", kelas) + services("county", &caseworkv1.GetTimelineRequest{CaseId: work.Concern.GetCaseId()}); got != "" {
		t.Errorf("the county reads by Kela's names of %s", got)
	}
	// What was entered in error is forgotten.
	concerns := concernv1.NewConcernServiceClient(conn)
	testkit.Insist(t, f.As("kela"), concerns.RevokeConcern, &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: work.Concern.GetConcernId(), Reason: "Väärä henkilö."})
	if got := services("kela", kelas); got != "" {
		t.Errorf("after revoking Kela reads of %s", got)
	}
	// Each reading stands in the log, with its purpose.
	purposes := 0
	for access, err := range f.Koppi.Store("concern").RawAccesses(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if access.Purpose == "Oma asia" && access.Client != "" && access.Method == "koppi.casework.v1.MatterService/ReadHistory" {
			purposes++
		}
	}
	if purposes != 3 {
		t.Errorf("%d readings are recorded", purposes)
	}
}

// The directory as Koppi serves it, and the units to which it routes.
func TestDirectoryServed(t *testing.T) {
	f := testkit.NewFixture(t)
	casework := caseworkv1.NewCaseworkServiceClient(f.Conn())
	agencies, err := casework.GetAgencies(f.As("client"), &caseworkv1.GetAgenciesRequest{})
	if err != nil || len(agencies.GetAgencies()) != 5 || len(agencies.GetAgencies()[2].GetUnits()) == 0 {
		t.Errorf("%v %v", agencies, err)
	}
	routes, err := casework.FindUnits(f.As("kela"), &caseworkv1.FindUnitsRequest{Municipality: "297", Language: "sv", Kind: caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES})
	if err != nil || len(routes.GetRoutes()) != 2 || routes.GetRoutes()[0].GetParty().GetUnit() != "tyoikaiset-kuopio" || !routes.GetRoutes()[0].GetInLanguage() {
		t.Errorf("%v %v", routes, err)
	}
	work, err := casework.FindUnits(f.As("kela"), &caseworkv1.FindUnitsRequest{ServiceKey: "tyokyvyn-arvio", Municipality: "297"})
	if err != nil || len(work.GetRoutes()) != 2 {
		t.Errorf("%v %v", work, err)
	}
	if _, err := casework.FindUnits(f.As("kela"), &caseworkv1.FindUnitsRequest{Agency: "x"}); fault.ReasonOf(err) != fault.UnknownParty {
		t.Error(err)
	}
	// What is addressed to the agency alone goes to the unit that serves the client.
	r := testkit.Submission()
	r.Client = &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen", Municipality: "297"}, Language: "sv"}
	concern := testkit.Insist(t, f.As("kela"), concernv1.NewConcernServiceClient(f.Conn()).SubmitConcern, r).GetConcern()
	if concern.GetReceiver().GetUnit() != "tyoikaiset-kuopio" {
		t.Errorf("it went to %v", concern.GetReceiver())
	}
}
