package accesslog

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// actors are workers of four agencies, any of whom may report to the county.
type actors struct {
	*testkit.Fixture
	conn     grpc.ClientConnInterface
	concerns concernv1.ConcernServiceClient
	casework caseworkv1.CaseworkServiceClient
	dev      devv1.DevServiceClient
	as       map[string]context.Context
}

func newActors(t *testing.T) *actors {
	t.Helper()
	f := testkit.NewFixture(t)
	f.Tokens["employment"] = f.Token(scenario.CastParty{Agency: "tyollisyys-kuopio", Unit: "tyollisyys", Worker: "ty-09", Role: "employment_officer"})
	conn := f.Conn()
	return &actors{
		Fixture: f, conn: conn, concerns: concernv1.NewConcernServiceClient(conn), casework: caseworkv1.NewCaseworkServiceClient(conn), dev: devv1.NewDevServiceClient(conn),
		as: map[string]context.Context{
			"kela": f.As("kela"), "hva-pohjois-savo": f.As("county"), "terveys-pohjois-savo": f.As("nurse"), "tyollisyys-kuopio": f.As("employment"),
		},
	}
}

// names of the agencies, sorted.
func (a *actors) names() []string { return slices.Sorted(maps.Keys(a.as)) }

// anew is consent of a moment ago, by the clock of the services.
func (a *actors) anew() *commonv1.LegalBasis {
	now := testkit.Must(a.dev.GetClock(a.T.Context(), &devv1.GetClockRequest{})).GetNow().AsTime()
	basis := testkit.Consented()
	basis.ConsentedAt = timestamppb.New(now.Add(-time.Second))
	return basis
}

func (a *actors) pass() {
	testkit.Insist(a.T, a.T.Context(), a.dev.AdvanceClock, &devv1.AdvanceClockRequest{Target: &devv1.AdvanceClockRequest_By{By: durationpb.New(time.Minute)}})
}

// report is one of an agency's to another.
func (a *actors) report(from, to, code string) (*concernv1.Concern, error) {
	r := testkit.Submission()
	r.Client, r.Receiver, r.Basis = testkit.ClientOf(code), &commonv1.Party{Agency: to}, a.anew()
	response, err := a.concerns.SubmitConcern(a.as[from], r)
	return response.GetConcern(), err
}

func (a *actors) forward(id, to string, keepOpen bool) (*concernv1.Concern, error) {
	response, err := a.concerns.ForwardConcern(a.as["hva-pohjois-savo"], &concernv1.ForwardConcernRequest{
		RequestId: uuid.NewString(), ConcernId: id, Receiver: &commonv1.Party{Agency: to}, Basis: a.anew(), KeepOpen: keepOpen,
		Topics: []concernv1.Topic{concernv1.Topic_TOPIC_RENT_ARREARS}, Description: "Kaksi vuokraa.",
	})
	return response.GetConcern(), err
}

// step takes a step of an agency's on a concern.
func (a *actors) step(agency, step, id string) error {
	ctx, request := a.as[agency], uuid.NewString()
	switch step {
	case "ReceiveConcern":
		return testkit.Refusal(a.concerns.ReceiveConcern(ctx, &concernv1.ReceiveConcernRequest{RequestId: request, ConcernId: id}))
	case "TakeConcern":
		return testkit.Refusal(a.concerns.TakeConcern(ctx, &concernv1.TakeConcernRequest{RequestId: request, ConcernId: id}))
	case "StartAssessment":
		return testkit.Refusal(a.concerns.StartAssessment(ctx, &concernv1.StartAssessmentRequest{RequestId: request, ConcernId: id}))
	case "CloseConcern":
		return testkit.Refusal(a.concerns.CloseConcern(ctx, &concernv1.CloseConcernRequest{RequestId: request, ConcernId: id, Outcome: concernv1.Outcome_OUTCOME_SERVICE_STARTED}))
	case "DeclineConcern":
		return testkit.Refusal(a.concerns.DeclineConcern(ctx, &concernv1.DeclineConcernRequest{RequestId: request, ConcernId: id, Reason: concernv1.DeclineReason_DECLINE_REASON_WRONG_AREA}))
	case "WithdrawConcern":
		return testkit.Refusal(a.concerns.WithdrawConcern(ctx, &concernv1.WithdrawConcernRequest{RequestId: request, ConcernId: id, Reason: "Asia hoitui."}))
	default:
		return testkit.Refusal(a.concerns.RevokeConcern(ctx, &concernv1.RevokeConcernRequest{RequestId: request, ConcernId: id, Reason: "Toisen henkilön asia."}))
	}
}

var actorSteps = []string{
	"ReceiveConcern", "TakeConcern", "TakeConcern", "StartAssessment", "CloseConcern", "DeclineConcern", "WithdrawConcern", "RevokeConcern",
}

// action is a step that an agency took.
type action struct{ agency, step, subject string }

// live lets the agencies do random things about one client, a minute apart, and returns
// what was done.
func (a *actors) live(random *rand.Rand, code string, steps int) []action {
	var ids []string
	var done []action
	note := func(agency, step, id string, err error) bool {
		if err == nil {
			done = append(done, action{agency, step, "concerns/" + id})
		}
		return err == nil
	}
	for range steps {
		a.pass()
		switch kind := random.IntN(6); {
		case len(ids) == 0 || kind == 0:
			from := a.names()[random.IntN(len(a.as))]
			to := []string{"hva-pohjois-savo", "hva-pohjois-savo", "terveys-pohjois-savo"}[random.IntN(3)]
			if made, err := a.report(from, to, code); note(from, "SubmitConcern", made.GetConcernId(), err) {
				ids = append(ids, made.GetConcernId())
			}
		case kind == 1:
			id := ids[random.IntN(len(ids))]
			_ = a.step("hva-pohjois-savo", "TakeConcern", id)
			if made, err := a.forward(id, a.names()[random.IntN(len(a.as))], random.IntN(2) == 0); note("hva-pohjois-savo", "ForwardConcern", id, err) {
				ids = append(ids, made.GetForwardedToConcernIds()...)
			}
		default:
			id, step := ids[random.IntN(len(ids))], actorSteps[random.IntN(len(actorSteps))]
			for _, agency := range a.names() {
				if note(agency, step, id, a.step(agency, step, id)) {
					break
				}
			}
		}
	}
	return done
}

// pseudonym returns an agency's pseudonym for a client; "" if it has no matter of the client.
func (a *actors) pseudonym(agency, code string, done []action) string {
	for _, one := range done {
		if read, err := a.concerns.GetConcern(a.as[agency], &concernv1.GetConcernRequest{ConcernId: strings.TrimPrefix(one.subject, "concerns/")}); err == nil && read.GetConcern().GetClientId() != "" {
			return read.GetConcern().GetClientId()
		}
	}
	return ""
}

func (a *actors) accesses(ctx context.Context, client string, size int32) []*caseworkv1.Access {
	a.T.Helper()
	var all []*caseworkv1.Access
	for r := (&caseworkv1.ListAccessesRequest{ClientId: client, PageSize: size}); ; {
		page := testkit.Must(a.casework.ListAccesses(ctx, r))
		all, r.PageToken = append(all, page.GetAccesses()...), page.GetNextPageToken()
		if r.GetPageToken() == "" {
			return all
		}
	}
}

func (a *actors) timeline(ctx context.Context, client string) []*exchangev1.CaseMessage {
	a.T.Helper()
	var all []*exchangev1.CaseMessage
	for r := (&caseworkv1.GetTimelineRequest{ClientId: client}); ; {
		if client != "" {
			r.Purpose = "Valvonta."
		}
		page := testkit.Must(a.casework.GetTimeline(ctx, r))
		all, r.PageToken = append(all, page.GetMessages()...), page.GetNextPageToken()
		if r.GetPageToken() == "" {
			return all
		}
	}
}

// isChange tells the records of steps from those of readings.
func isChange(one *caseworkv1.Access) bool {
	name := one.GetMethod()[strings.LastIndexByte(one.GetMethod(), '/')+1:]
	return !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List") && !strings.HasPrefix(name, "Read")
}

// saidBy tells whether a timeline says that an agency did something in a matter at a time.
func saidBy(timeline []*exchangev1.CaseMessage, agency, subject string, at time.Time) bool {
	return slices.ContainsFunc(timeline, func(m *exchangev1.CaseMessage) bool {
		return m.GetSubject() == subject && m.GetFrom().GetAgency() == agency && m.GetOccurredAt().AsTime().Sub(at).Abs() < 10*time.Second
	})
}

// The access log discloses no more than the matters themselves: each change that it shows a reader
// is also in that reader's timeline, by the same agency in the same matter at the same time.
// Everything that an agency's own workers did is in its log. This holds however the reports of four
// agencies about one client are joined, forwarded, taken, withdrawn and entered in error.
func TestDeedsTellNoMoreThanMatters(t *testing.T) {
	t.Parallel()
	a := newActors(t)
	shown := 0
	for round := range testkit.Times("SOAK_DEEDS", 8) {
		random := rand.New(rand.NewPCG(uint64(round), 21))
		code := testkit.PersonCode(round)
		done := a.live(random, code, 14)
		for _, agency := range a.names() {
			client := a.pseudonym(agency, code, done)
			if client == "" {
				continue
			}
			timeline, records := a.timeline(a.as[agency], client), a.accesses(a.as[agency], client, 1000)
			known := map[string]bool{}
			for _, message := range timeline {
				known[message.GetSubject()] = true
			}
			for _, one := range records {
				switch {
				case one.GetBy().GetAgency() != agency:
					t.Errorf("round %d: %s is told of %v", round, agency, one)
				case one.GetSubject() != "" && !known[one.GetSubject()]:
					t.Errorf("round %d: %s is told of a matter that it has not: %v", round, agency, one)
				case one.GetSubject() != "" && isChange(one):
					shown++
					if !saidBy(timeline, agency, one.GetSubject(), one.GetAt().AsTime()) {
						t.Errorf("round %d: no matter tells %s of %v", round, agency, one)
					}
				}
			}
			for _, one := range done {
				if one.agency == agency && known[one.subject] && !slices.ContainsFunc(records, func(r *caseworkv1.Access) bool {
					return r.GetSubject() == one.subject && strings.HasSuffix(r.GetMethod(), "/"+one.step)
				}) {
					t.Errorf("round %d: %s is not told that it did %+v", round, agency, one)
				}
			}
		}
		person := testkit.WithToken(t, a.Token(scenario.CastParty{Role: "client", PersonalIdentityCode: code}))
		timeline := a.timeline(person, "")
		for _, one := range a.accesses(person, "", 7) {
			disclosed := slices.ContainsFunc(timeline, func(m *exchangev1.CaseMessage) bool { return m.GetSubject() == one.GetSubject() })
			if disclosed && isChange(one) && !saidBy(timeline, one.GetBy().GetAgency(), one.GetSubject(), one.GetAt().AsTime()) {
				t.Errorf("round %d: no matter tells the client of %v", round, one)
			}
		}
	}
	if shown < 20 {
		t.Errorf("only %d deeds were shown", shown)
	}
}

// An agency's access log does not depend on what the agency may not know: another agency's open
// concern that its report joins, what follows from what it takes, and how its own withdrawal
// affects other agencies' reports.
func TestDeedsInPairs(t *testing.T) {
	t.Parallel()
	a := newActors(t)
	steps := func(agency string, ids ...string) func(...string) {
		return func(steps ...string) {
			for i, step := range steps {
				if err := a.step(agency, step, ids[min(i, len(ids)-1)]); err != nil {
					t.Fatal(step, err)
				}
			}
		}
	}
	person := 1000
	report := func(from, code string) string {
		return testkit.Must(a.report(from, "hva-pohjois-savo", code)).GetConcernId()
	}
	for name, pair := range map[string]struct {
		reader string
		// history is told with or without what the reader may not know.
		history func(code string, hidden bool) (own string)
	}{
		"another's open concern": {"kela", func(code string, hidden bool) string {
			if hidden {
				report("terveys-pohjois-savo", code)
				report("tyollisyys-kuopio", code)
			}
			own := report("kela", code)
			steps("kela", own)("WithdrawConcern")
			return own
		}},
		"who joined one's own": {"kela", func(code string, hidden bool) string {
			own := report("kela", code)
			if hidden {
				report("terveys-pohjois-savo", code)
				report("tyollisyys-kuopio", code)
			}
			steps("kela", own)("WithdrawConcern")
			return own
		}},
		"what one's taking ends": {"terveys-pohjois-savo", func(code string, hidden bool) string {
			// Kela's report, which is passed on to the reader, leads the reader's own or not.
			from, own := "", ""
			if hidden {
				from = report("kela", code)
			}
			own = report("terveys-pohjois-savo", code)
			if !hidden {
				steps("hva-pohjois-savo", own)("TakeConcern", "CloseConcern")
				from = report("kela", code)
			}
			steps("hva-pohjois-savo", from)("TakeConcern")
			forwarded := testkit.Must(a.forward(from, "terveys-pohjois-savo", false)).GetForwardedToConcernIds()[0]
			steps("terveys-pohjois-savo", forwarded)("TakeConcern", "CloseConcern")
			return own
		}},
	} {
		lists := map[bool]string{}
		for _, hidden := range []bool{false, true} {
			person++
			code := testkit.PersonCode(person)
			own := pair.history(code, hidden)
			client := testkit.Must(a.concerns.GetConcern(a.as[pair.reader], &concernv1.GetConcernRequest{ConcernId: own})).GetConcern().GetClientId()
			lists[hidden] = normal(a.accesses(a.as[pair.reader], client, 1000), "concerns/"+own)
		}
		if lists[false] != lists[true] {
			t.Errorf("%s: %s is told\n%s\nand with it\n%s", name, pair.reader, lists[false], lists[true])
		}
	}
}

// normal is a list without times and names: its own matter, and others by how they came.
func normal(records []*caseworkv1.Access, own string) string {
	names, text := map[string]string{"": "none", own: "own"}, ""
	for _, one := range slices.Backward(records) {
		if names[one.GetSubject()] == "" {
			names[one.GetSubject()] = fmt.Sprint("other ", len(names))
		}
		one = proto.CloneOf(one)
		one.At, one.Basis = nil, nil
		text += fmt.Sprintf("%s %s %s %s\n", names[one.GetSubject()], one.GetMethod(), one.GetBy().GetWorker(), one.GetPurpose())
	}
	return text
}
