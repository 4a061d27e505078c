package rulestest

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Fixture is a small set of agencies whose people act on matters, without a store. S is the state
// and F the facts of the service under test.
type Fixture[S matter.State, F any] struct {
	*Journal[S]
	// Now is the time of the next command.
	Now time.Time
	// Skew is the clock error of the replica that handles the next command.
	Skew time.Duration
	// Actor is who takes the step for which the service makes a request; zero if it is not known.
	Actor matter.Actor

	service Service[S, F]
	ids     int
}

// Service holds the rules under test.
type Service[S matter.State, F any] struct {
	Rules      command.Rules[S]
	Collection string
	Decide     func(matter.World[S], matter.Command[F]) ([]matter.Event, error)
	Allowed    func(matter.View[S], matter.Actor) []string
	// Facts returns what the directory would say about a request; may be nil.
	Facts func(proto.Message) F
	// Requests returns a valid request of each step; other is the party that it concerns.
	Requests func(w *Fixture[S, F], subject string, other matter.Actor) map[string]proto.Message
}

// NewFixture makes a fixture without history, on a Monday morning.
func NewFixture[S matter.State, F any](service Service[S, F]) *Fixture[S, F] {
	return &Fixture[S, F]{
		Journal: New(service.Rules), service: service, Now: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC),
	}
}

// People are the actors, by agency.
var People = map[string]matter.Actor{
	"kela":    {Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler"},
	"hva":     {Agency: "hva", Unit: "tyoikaiset", Worker: "ps-21", Role: "social_worker"},
	"terveys": {Agency: "terveys", Unit: "asema", Worker: "tk-02", Role: "health_professional"},
	"tyo":     {Agency: "tyo", Unit: "palvelut", Worker: "ty-09", Role: "employment_officer"},
}

// Colleague and Elsewhere are further workers of agency hva: of the same unit, and of another.
var (
	Colleague = matter.Actor{Agency: "hva", Unit: "tyoikaiset", Worker: "ps-33", Role: "social_counsellor"}
	Elsewhere = matter.Actor{Agency: "hva", Unit: "perheet", Worker: "ps-40", Role: "social_worker"}
)

// Agencies returns the agencies of the fixture, sorted.
func Agencies() []string { return slices.Sorted(maps.Keys(People)) }

// Everybody returns all actors of the fixture.
func Everybody() []matter.Actor {
	var all []matter.Actor
	for _, agency := range Agencies() {
		all = append(all, People[agency])
	}
	return append(all, Colleague, Elsewhere)
}

// Consent returns the legal basis of a client who has just consented.
func Consent(at time.Time) *commonv1.LegalBasis {
	return &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1", ConsentedAt: timestamppb.New(at.Add(-time.Minute)),
	}
}

// ID returns a new id.
func (w *Fixture[S, F]) ID() string {
	w.ids++
	return fmt.Sprintf("id-%04d", w.ids)
}

// ReuseID makes the next new id the given one, so that a test can repeat a history.
func (w *Fixture[S, F]) ReuseID(id string) {
	if _, err := fmt.Sscanf(id, "id-%d", &w.ids); err != nil {
		panic(err)
	}
	w.ids--
}

// Begin runs a command that starts a matter, and returns its name.
func (w *Fixture[S, F]) Begin(command matter.Command[F]) (string, error) {
	command.Subject = w.service.Collection + w.ID()
	command.Case = "case-" + command.Subject
	return command.Subject, w.run(command)
}

// Try takes a step by its request.
func (w *Fixture[S, F]) Try(actor matter.Actor, subject string, request proto.Message) error {
	command := matter.Command[F]{Actor: actor, Subject: subject, Request: request}
	if w.service.Facts != nil {
		command.Facts = w.service.Facts(request)
	}
	return w.Do(command)
}

// Request returns a valid request of a step; other is the party that it concerns.
func (w *Fixture[S, F]) Request(subject, step string, other matter.Actor) proto.Message {
	return w.service.Requests(w, subject, other)[step]
}

// RequestBy returns a valid request of a step that an actor takes.
func (w *Fixture[S, F]) RequestBy(actor matter.Actor, subject, step string, other matter.Actor) proto.Message {
	w.Actor = actor
	defer func() { w.Actor = matter.Actor{} }()
	return w.Request(subject, step, other)
}

// Withdraw withdraws the consents to a matter, as recorded by an agency, or by the client if no agency
// is named; of a matter that goes on without consent, those of the named members, or of all if none is
// named.
func (w *Fixture[S, F]) Withdraw(agency, subject string, members ...string) error {
	withdrawing := matter.Withdrawing{ByClient: agency == "", At: w.Now}
	if len(members) > 0 {
		withdrawing.Of = func(one matter.Consented) bool { return slices.Contains(members, one.Agency) }
	}
	events, err := w.Rules.WithdrawConsent(w.World(), People[agency], subject, withdrawing)
	if err != nil {
		return err
	}
	if err := w.Append(events); err != nil {
		return err
	}
	// The clock checks the matter at once: a reader that now knows less may have missed a due
	// time.
	return w.Append(w.Rules.FallenDue(w.World(), subject, w.Now))
}

// AcknowledgeWithdrawal records that an agency has handled its copy.
func (w *Fixture[S, F]) AcknowledgeWithdrawal(agency, subject string) error {
	head := w.Histories[subject].State.Common()
	message, err := matter.AcknowledgeWithdrawal(head, agency)
	if err != nil {
		return err
	}
	event := matter.ByClock(head, w.Now, message)
	event.By = People[agency].Party()
	return w.Append([]matter.Event{event})
}

// Take takes a step with its valid request, which concerns the worker of agency terveys.
func (w *Fixture[S, F]) Take(t testing.TB, actor matter.Actor, subject, step string) {
	t.Helper()
	Must(t, w.Try(actor, subject, w.RequestBy(actor, subject, step, People["terveys"])))
}

// Do runs a command on a matter, to which the actor's agency must have some relation.
func (w *Fixture[S, F]) Do(command matter.Command[F]) error {
	if !w.Histories[command.Subject].Related(command.Actor.Agency) {
		return fault.New(fault.NotFound, "not related")
	}
	return w.run(command)
}

func (w *Fixture[S, F]) run(command matter.Command[F]) error {
	command.At = matter.Later(w.Now.Add(w.Skew), w.Histories[command.Subject].LastAt())
	if command.NewID == "" {
		command.NewID = w.ID()
	}
	command.Number = w.number(command)
	events, err := w.service.Decide(w.World(), command)
	if err != nil {
		return err
	}
	if err := w.Rules.CheckRoom(w.World(), command.Actor.Agency, command.Subject, matter.StepOf(command.Request), events); err != nil {
		return err
	}
	if err := w.Append(events); err != nil {
		panic(err)
	}
	return nil
}

// number returns the number of the matter that a command may begin. It depends on the matter's name
// alone, so that a history that is repeated has the same numbers.
func (w *Fixture[S, F]) number(command matter.Command[F]) matter.Number {
	begun := command.Subject
	if _, exists := w.Histories[begun]; exists {
		begun = w.service.Collection + command.NewID
	}
	digest := sha256.Sum256([]byte(begun))
	return matter.NumberOf(digest[:])
}

// Pass lets time pass and records what fell due, for each matter by a command of its own and at a
// time of its own. A due time that passed while another replaced it is recorded by the next command, as
// the clock does.
func (w *Fixture[S, F]) Pass(by time.Duration) {
	w.Now = w.Now.Add(by)
	for _, subject := range slices.Sorted(maps.Keys(w.Histories)) {
		for due := w.Rules.FallenDue(w.World(), subject, w.Now); len(due) > 0; due = w.Rules.FallenDue(w.World(), subject, w.Now) {
			if err := w.Append(due); err != nil {
				panic(err)
			}
			w.Now = w.Now.Add(time.Microsecond)
		}
	}
}

// View returns a matter as it has been disclosed to an agency.
func (w *Fixture[S, F]) View(agency, subject string) matter.View[S] {
	return w.Histories[subject].Views[agency]
}

// Expect fails the test unless exactly the named events of a matter were disclosed to an agency.
func (w *Fixture[S, F]) Expect(t testing.TB, agency, subject, want string) {
	t.Helper()
	if got := w.Disclosed(agency, subject); got != want {
		t.Errorf("%s was shown of %s: %s; want: %s", agency, subject, got, want)
	}
}

// ExpectTurn fails the test if an agency sees another turn than the given one.
func (w *Fixture[S, F]) ExpectTurn(t testing.TB, agency, subject, want string) {
	t.Helper()
	if got := w.Turn(agency, subject); got != want {
		t.Errorf("%s for %s; want %s", got, agency, want)
	}
}

// Disclosed lists the events of a matter that were disclosed to an agency, by name and without the
// service's own name.
func (w *Fixture[S, F]) Disclosed(agency, subject string) string {
	prefix := strings.ToUpper(w.Rules.Service[:1]) + w.Rules.Service[1:]
	var names []string
	for _, one := range w.Mail[agency] {
		if one.Event.Subject == subject {
			names = append(names, strings.TrimPrefix(matter.NameOf(one.Event.Message), prefix))
		}
	}
	return strings.Join(names, " ")
}

// Turn returns who is responsible, whose turn it is and until when, as an agency sees it.
func (w *Fixture[S, F]) Turn(agency, subject string) string {
	view := w.View(agency, subject)
	return turn(w.Rules.Status(view.State, view.Reader))
}

func turn(status *commonv1.LoopStatus) string {
	if status.GetResponsible() == nil {
		return "ended"
	}
	due := status.GetDueAt().AsTime().In(matter.Helsinki()).Format("2.1.2006 15.04")
	client := ""
	if status.GetWaitingOnClient() {
		client = " (for the client)"
	}
	return fmt.Sprintf("%s/%s/%s responsible, %s's turn%s until %s", status.GetResponsible().GetAgency(), status.GetResponsible().GetUnit(),
		status.GetResponsible().GetWorker(), status.GetWaitingOn().GetAgency(), client, due)
}

// Must fails the test if a step is refused.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
