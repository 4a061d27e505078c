package concern

import (
	"context"
	"time"

	"koppi.internal/pkg/decide"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// SubmitConcern reports a concern, or joins it to the receiver's open one.
func (s *Service) SubmitConcern(ctx context.Context, r *concernv1.SubmitConcernRequest) (*concernv1.SubmitConcernResponse, error) {
	who, err := matter.Caller(ctx)
	if err != nil {
		return nil, err
	}
	command := rules.Command{
		Actor: matter.Actor(who), Subject: rules.Collection + s.NewID(), At: s.Now(), Request: r,
		Facts: rules.Facts{CodeInText: matter.CodeInText(r)},
	}
	if err := s.addressed(&command, r.GetReceiver()); err != nil {
		return nil, err
	}
	if r.GetReceiver().GetAgency() == who.Agency {
		return nil, fault.New(fault.UnknownParty, "a concern goes to another agency").Field("receiver.agency", "another agency than yours")
	}
	person, err := s.Person(ctx, who, r.GetClient())
	if err != nil {
		return nil, err
	}
	command.Facts.Client = person.Inner
	if command.Facts.Case, err = s.CaseOf(ctx, who, r.GetCaseId(), person.Inner); err != nil {
		return nil, err
	}
	access, digest, err := s.AccessOf(ctx, who, r)
	if err != nil {
		return nil, err
	}
	result, err := s.Engine.Handle(ctx, decide.Command[rules.Concern]{
		Agency: who.Agency, Subject: command.Subject, Starts: true, RequestID: r.GetRequestId(), Digest: digest, Access: access,
		Claims: func(rules.World) []string {
			return []string{rules.ClaimKey(person.Inner, r.GetReceiver().GetAgency())}
		},
		Prepare: func(ctx context.Context, _ rules.World) (err error) {
			command.Facts.Earlier, err = s.earlier(ctx, r.GetReceiver().GetAgency(), person.Inner, command.At)
			return err
		},
		Decide:  func(world rules.World) ([]loop.Event, error) { return rules.Decide(world, command) },
		Clients: func() map[string][]byte { return map[string][]byte{command.Subject: person.Identity} },
	})
	if err != nil {
		return nil, err
	}
	return &concernv1.SubmitConcernResponse{Concern: s.concern(result.History, who)}, nil
}

const purposeCheck = "open concern of own agency"

// CheckOpenConcern tells whether the caller's own agency has an open report about
// the client at the receiver, and how far it has come.
func (s *Service) CheckOpenConcern(ctx context.Context, r *concernv1.CheckOpenConcernRequest) (*concernv1.CheckOpenConcernResponse, error) {
	who, err := matter.Caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Directory.Check(r.GetReceiver(), "receiver"); err != nil {
		return nil, err
	}
	person, err := s.Person(ctx, who, r.GetClient())
	if err != nil {
		return nil, err
	}
	if !matter.IsParty(who) {
		return nil, fault.New(fault.RoleNotAllowed, "this is asked by an agency's worker or system")
	}
	if err := rules.CheckBasis(r.GetBasis(), s.Now()); err != nil {
		return nil, err
	}
	view, err := s.ownOpen(ctx, who.Agency, r.GetReceiver().GetAgency(), person.Inner)
	if err != nil {
		return nil, err
	}
	if err := s.RecordReading(ctx, who, purposeCheck, matter.Reading{Client: person.Inner, Basis: r.GetBasis()}); err != nil {
		return nil, err
	}
	if view == nil {
		return &concernv1.CheckOpenConcernResponse{}, nil
	}
	return &concernv1.CheckOpenConcernResponse{Open: true, Status: rules.Status(view.State, view.Reader)}, nil
}

// ownOpen is an agency's earliest open report about a client at a receiver, as
// that agency has been shown it; nil where it has none.
func (s *Service) ownOpen(ctx context.Context, agency, receiver, client string) (*loop.View[rules.Concern], error) {
	standings, err := s.Store.Standings(ctx, journal.Query{
		Agency: agency, Role: journal.RoleSender, Client: client, OpenOnly: true, WithHidden: true,
	})
	if err != nil {
		return nil, fault.Store(err)
	}
	histories, err := s.Engine.Read(ctx, agency, matter.Subjects(standings)...)
	if err != nil {
		return nil, err
	}
	var earliest *loop.View[rules.Concern]
	for _, history := range histories {
		view := history.Views[agency]
		if view.State.IsOpen() && view.State.Receiver.GetAgency() == receiver &&
			(earliest == nil || rules.BySubmission(view.State, earliest.State) < 0) {
			earliest = &view
		}
	}
	return earliest, nil
}

// addressed checks the receiver against the directory and tells the rules what
// they need of it.
func (s *Service) addressed(command *rules.Command, receiver *commonv1.Party) error {
	if err := s.Directory.Check(receiver, "receiver"); err != nil {
		return err
	}
	to, _ := s.Directory.Agency(receiver.GetAgency())
	from, _ := s.Directory.Agency(command.Actor.Agency)
	command.Facts.Receiver = &commonv1.Party{
		Agency: receiver.GetAgency(), Unit: receiver.GetUnit(), Worker: receiver.GetWorker(),
	}
	if receiver.GetUnit() == "" {
		command.Facts.Receiver.Unit = s.Directory.Intake(receiver.GetAgency())
	}
	command.Facts.Graces = to.Graces
	command.Facts.Describes = from.Profile == directory.Necessary
	command.Facts.YouthWork = to.Kind == caseworkv1.AgencyKind_AGENCY_KIND_YOUTH_WORK
	return nil
}

// earlier counts a receiver's concerns about a client in the last twelve months.
func (s *Service) earlier(ctx context.Context, receiver, client string, at time.Time) (int32, error) {
	standings, err := s.Store.Standings(ctx, journal.Query{
		Agency: receiver, Role: journal.RoleReceiver, Client: client, WithHidden: true, StartedAfter: at.AddDate(-1, 0, 0),
	})
	if err != nil {
		return 0, fault.Store(err)
	}
	var count int32
	for _, standing := range standings {
		if standing.State != int32(concernv1.ConcernState_CONCERN_STATE_WITHDRAWN) {
			count++
		}
	}
	return count, nil
}
