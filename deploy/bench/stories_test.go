//go:build bench

package bench

import (
	"context"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern"
)

// story is the life of matters of one client, played by the real service and then copied.
type story struct {
	name string
	// share is how many of a hundred stories are this one.
	share int
	play  func(p *player)
}

var stories = []story{
	{"new", 8, func(p *player) { p.submit(commonv1.Urgency_URGENCY_NORMAL) }},
	{"urgent", 2, func(p *player) { p.receive(p.submit(commonv1.Urgency_URGENCY_URGENT)) }},
	{"late", 3, func(p *player) { p.receive(p.submit(commonv1.Urgency_URGENCY_NORMAL)); p.wait(30 * day) }},
	{"emergency unanswered", 1, func(p *player) { p.submit(commonv1.Urgency_URGENCY_EMERGENCY); p.wait(2 * day) }},
	{"taken", 30, func(p *player) {
		c := p.submit(commonv1.Urgency_URGENCY_NORMAL)
		p.take(c)
		p.assess(c)
	}},
	{"in contact", 27, func(p *player) {
		c := p.submit(commonv1.Urgency_URGENCY_NORMAL)
		p.take(c)
		p.contact(c, concernv1.ContactResult_CONTACT_RESULT_REACHED)
		p.assess(c)
		p.second(c)
	}},
	{"long", 2, func(p *player) {
		c := p.submit(commonv1.Urgency_URGENCY_NORMAL)
		p.take(c)
		for range 12 {
			p.contact(c, concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED)
			p.wait(day)
		}
		p.contact(c, concernv1.ContactResult_CONTACT_RESULT_REACHED)
		p.assess(c)
		p.ask(c)
		p.appointment(c)
	}},
	{"joined", 5, func(p *player) {
		c := p.submit(commonv1.Urgency_URGENCY_NORMAL)
		p.take(c)
		p.wait(day)
		p.receive(p.submit(commonv1.Urgency_URGENCY_NORMAL))
		p.contact(c, concernv1.ContactResult_CONTACT_RESULT_REACHED)
		p.assess(c)
		// The second report is told the steps of the first one by one.
		for range 6 {
			p.wait(day)
		}
	}},
	{"closed", 20, func(p *player) {
		c := p.submit(commonv1.Urgency_URGENCY_NORMAL)
		p.take(c)
		testkit.Insist(p.h.t, p.worker, p.api().CloseConcern, &concernv1.CloseConcernRequest{RequestId: uuid.NewString(), ConcernId: c, Outcome: concernv1.Outcome_OUTCOME_SERVICE_STARTED})
	}},
	{"withdrawn", 2, func(p *player) {
		c := p.submit(commonv1.Urgency_URGENCY_NORMAL)
		testkit.Insist(p.h.t, p.reporter, p.api().WithdrawConcern, &concernv1.WithdrawConcernRequest{RequestId: uuid.NewString(), ConcernId: c, Reason: "Ilmoitettu väärin."})
	}},
}

const day = 24 * time.Hour

// The parties of every story as it is played.
var (
	playedReporter = commonv1.Party{Agency: reporterNamed(0), Unit: reporterDesk(0), Worker: handlerNamed(0)}
	playedReceiver = commonv1.Party{Agency: receiverNamed(1), Unit: unitNamed(0), Worker: workerNamed(0)}
)

const (
	playedSecond = "wrk-001"
	playedPerson = 0
)

// player plays one story at a service with a clock of its own.
type player struct {
	h                *harness
	conn             grpc.ClientConnInterface
	clock            time.Time
	advance          func(context.Context, time.Time) error
	reporter, worker context.Context
}

// newPlayer starts a service in a database of its own, whose clock stands at a Monday morning.
func (h *harness) newPlayer(database string) *player {
	h.t.Helper()
	p := &player{h: h, clock: monday(time.Now())}
	h.clock = p.clock
	built := make(chan program.Service, 1)
	address := h.listeningOf(concern.Name, database, process.Listening{}, func(deps service.Deps) (program.Service, error) {
		made, err := concern.New(deps)
		built <- made
		return made, err
	})
	h.clock = time.Time{}
	p.advance = (<-built).AdvanceClock
	p.conn = h.replicas(address)
	p.reporter = h.as(identity.Caller{Agency: playedReporter.GetAgency(), Unit: playedReporter.GetUnit(), Worker: playedReporter.GetWorker(), Role: identity.RoleBenefitHandler})
	p.worker = h.as(identity.Caller{Agency: playedReceiver.GetAgency(), Unit: playedReceiver.GetUnit(), Worker: playedReceiver.GetWorker(), Role: identity.RoleSocialWorker})
	return p
}

// monday is nine in the morning of a Monday at least six weeks before a time.
func monday(before time.Time) time.Time {
	at := before.UTC().Truncate(day).AddDate(0, 0, -42)
	for at.Weekday() != time.Monday {
		at = at.AddDate(0, 0, -1)
	}
	return at.Add(7 * time.Hour)
}

func (p *player) api() concernv1.ConcernServiceClient {
	return concernv1.NewConcernServiceClient(p.conn)
}

func (p *player) wait(d time.Duration) {
	p.h.t.Helper()
	p.clock = p.clock.Add(d)
	if err := p.advance(p.h.t.Context(), p.clock); err != nil {
		p.h.t.Fatal(err)
	}
}

func (p *player) submit(urgency commonv1.Urgency) string {
	p.h.t.Helper()
	r := submission(&commonv1.Party{Agency: playedReceiver.GetAgency(), Unit: playedReceiver.GetUnit()})
	r.Client, r.Urgency, r.Basis.ConsentedAt = testkit.ClientOf(testkit.PersonCode(playedPerson)), urgency, timestamppb.New(p.clock.Add(-time.Hour))
	return testkit.Insist(p.h.t, p.reporter, p.api().SubmitConcern, r).GetConcern().GetConcernId()
}

func (p *player) receive(c string) {
	p.h.t.Helper()
	testkit.Insist(p.h.t, p.worker, p.api().ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: c})
}

// take receives, judges and takes a concern.
func (p *player) take(c string) {
	p.h.t.Helper()
	p.receive(c)
	testkit.Insist(p.h.t, p.worker, p.api().TriageConcern, &concernv1.TriageConcernRequest{
		RequestId: uuid.NewString(), ConcernId: c, Urgency: commonv1.Urgency_URGENCY_NORMAL, SupportNeed: concernv1.SupportNeed_SUPPORT_NEED_LIGHT, Track: concernv1.Track_TRACK_SOCIAL_WORK,
	})
	testkit.Insist(p.h.t, p.worker, p.api().TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: c})
}

func (p *player) contact(c string, result concernv1.ContactResult) {
	p.h.t.Helper()
	testkit.Insist(p.h.t, p.worker, p.api().RecordContactAttempt, &concernv1.RecordContactAttemptRequest{RequestId: uuid.NewString(), ConcernId: c, Mode: concernv1.ContactMode_CONTACT_MODE_PHONE, Result: result})
}

func (p *player) assess(c string) {
	p.h.t.Helper()
	testkit.Insist(p.h.t, p.worker, p.api().StartAssessment, &concernv1.StartAssessmentRequest{RequestId: uuid.NewString(), ConcernId: c})
}

// appointment agrees on a meeting in some weeks.
func (p *player) appointment(c string) {
	p.h.t.Helper()
	testkit.Insist(p.h.t, p.worker, p.api().ScheduleAppointment, &concernv1.ScheduleAppointmentRequest{RequestId: uuid.NewString(), ConcernId: c, At: timestamppb.New(p.clock.Add(60 * day)), Place: "Sosiaalitoimisto"})
}

func (p *player) second(c string) {
	p.h.t.Helper()
	testkit.Insist(p.h.t, p.worker, p.api().SetSecondWorker, &concernv1.SetSecondWorkerRequest{
		RequestId: uuid.NewString(), ConcernId: c, Worker: &commonv1.Party{Agency: playedReceiver.GetAgency(), Unit: playedReceiver.GetUnit(), Worker: playedSecond},
	})
}

// ask has the receiver ask the reporter, who answers.
func (p *player) ask(c string) {
	p.h.t.Helper()
	asked := testkit.Insist(p.h.t, p.worker, p.api().RequestInformation, &concernv1.RequestInformationRequest{RequestId: uuid.NewString(), ConcernId: c, Question: "Onko päätös tehty?"}).GetConcern()
	testkit.Insist(p.h.t, p.reporter, p.api().ProvideInformation, &concernv1.ProvideInformationRequest{
		RequestId: uuid.NewString(), ConcernId: c, InformationRequestId: asked.GetInformationRequests()[0].GetInformationRequestId(), Answer: "Päätös on tehty.",
	})
}
