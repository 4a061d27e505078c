package concern

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/decide"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// SubmitConcern reports a concern, or joins it to the receiver's open one.
func (s *Service) SubmitConcern(ctx context.Context, r *concernv1.SubmitConcernRequest) (*concernv1.SubmitConcernResponse, error) {
	who, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	command := rules.Command{
		Actor: actor(who), Subject: rules.Collection + s.deps.NewID(), At: s.now(), Request: r,
		Facts: rules.Facts{CodeInText: codeInText(r)},
	}
	if err := s.addressed(&command, r.GetReceiver()); err != nil {
		return nil, err
	}
	if r.GetReceiver().GetAgency() == who.Agency {
		return nil, fault.New(fault.UnknownParty, "a concern goes to another agency").Field("receiver.agency", "another agency than yours")
	}
	person, err := s.person(ctx, who, r.GetClient())
	if err != nil {
		return nil, err
	}
	command.Facts.Client = person.inner
	if command.Facts.Case, err = s.caseOf(ctx, who, r.GetCaseId(), person.inner); err != nil {
		return nil, err
	}
	access, digest, err := s.accessOf(ctx, who, r)
	if err != nil {
		return nil, err
	}
	result, err := s.engine.Handle(ctx, decide.Command[rules.Concern]{
		Agency: who.Agency, Subject: command.Subject, Starts: true, RequestID: r.GetRequestId(), Digest: digest, Access: access,
		Claims: func(rules.World) []string {
			return []string{rules.ClaimKey(person.inner, r.GetReceiver().GetAgency())}
		},
		Prepare: func(ctx context.Context, _ rules.World) (err error) {
			command.Facts.Earlier, err = s.earlier(ctx, r.GetReceiver().GetAgency(), person.inner, command.At)
			return err
		},
		Decide:  func(world rules.World) ([]loop.Event, error) { return rules.Decide(world, command) },
		Clients: func() map[string][]byte { return map[string][]byte{command.Subject: person.sealed} },
	})
	if err != nil {
		return nil, err
	}
	return &concernv1.SubmitConcernResponse{Concern: s.concern(result.History, who)}, nil
}

// CheckOpenConcern tells whether the caller's own agency has an open report about
// the client at the receiver, and how far it has come.
func (s *Service) CheckOpenConcern(ctx context.Context, r *concernv1.CheckOpenConcernRequest) (*concernv1.CheckOpenConcernResponse, error) {
	who, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.deps.Directory.Check(r.GetReceiver(), "receiver"); err != nil {
		return nil, err
	}
	person, err := s.person(ctx, who, r.GetClient())
	if err != nil {
		return nil, err
	}
	if !partyRole(who) {
		return nil, fault.New(fault.RoleNotAllowed, "this is asked by an agency's worker or system")
	}
	if err := rules.CheckBasis(r.GetBasis(), s.now()); err != nil {
		return nil, err
	}
	view, err := s.ownOpen(ctx, who.Agency, r.GetReceiver().GetAgency(), person.inner)
	if err != nil {
		return nil, err
	}
	if err := s.recordReading(ctx, who, purposeCheck, read{client: person.inner, basis: r.GetBasis()}); err != nil {
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
	standings, err := s.deps.Store.Standings(ctx, journal.Query{
		Agency: agency, Role: journal.RoleSender, Client: client, OpenOnly: true, WithHidden: true,
	})
	if err != nil {
		return nil, fault.Store(err)
	}
	histories, err := s.engine.Read(ctx, agency, subjects(standings)...)
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

// person is the client of a report: the inner id, and who it is, to be sealed.
type person struct {
	inner  string
	sealed []byte
}

// person swaps the identity for the inner id, before any rule sees it.
func (s *Service) person(ctx context.Context, who identity.Caller, client *commonv1.Client) (person, error) {
	switch named := client.GetIdentity().(type) {
	case *commonv1.Client_PersonalIdentityCode:
		code, err := identity.ParseCode(named.PersonalIdentityCode, s.deps.AllowTestCodes)
		if err != nil {
			return person{}, err
		}
		kept := proto.CloneOf(client)
		kept.Identity = &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: code.String()}
		return sealed(s.deps.Secrets.Inner(code), kept)
	case *commonv1.Client_ClientId:
		return s.knownPerson(ctx, who, client)
	default:
		return sealed(s.deps.Secrets.RandomInner(), client)
	}
}

// knownPerson finds a client by the name that the caller's agency has for them.
// Who it is comes from the agency's own matter, with what is new in the request.
func (s *Service) knownPerson(ctx context.Context, who identity.Caller, client *commonv1.Client) (person, error) {
	unknown := fault.New(fault.UnknownClient, "your agency has no matter of this client").Field("client.client_id", "unknown to your agency")
	inner, ok := s.deps.Secrets.Inward(identity.KindClient, who.Agency, client.GetClientId())
	if !ok {
		return person{}, unknown
	}
	standings, err := s.deps.Store.Standings(ctx, journal.Query{Agency: who.Agency, Client: inner, WithHidden: true})
	if err != nil {
		return person{}, fault.Store(err)
	}
	if len(standings) == 0 {
		return person{}, unknown
	}
	newest := standings[0]
	for _, standing := range standings {
		if standing.StartedAt.After(newest.StartedAt) {
			newest = standing
		}
	}
	kept, err := s.client(ctx, newest.Subject)
	if err != nil {
		return person{}, err
	}
	if client.GetLanguage() != "" {
		kept.Language = client.GetLanguage()
	}
	if client.GetDetails() != nil {
		kept.Details = client.GetDetails()
	}
	return sealed(inner, kept)
}

func sealed(inner string, client *commonv1.Client) (person, error) {
	bytes, err := proto.Marshal(client)
	if err != nil {
		return person{}, fmt.Errorf("concern: marshal client: %w", err)
	}
	return person{inner: inner, sealed: bytes}, nil
}

// client opens who the client of a subject is.
func (s *Service) client(ctx context.Context, subject string) (*commonv1.Client, error) {
	bytes, err := s.deps.Store.Client(ctx, subject)
	if err != nil {
		return nil, fault.Store(err)
	}
	client := &commonv1.Client{}
	if err := proto.Unmarshal(bytes, client); err != nil {
		return nil, fmt.Errorf("concern: stored client of %s: %w", subject, err)
	}
	return client, nil
}

// caseOf finds the case that a report belongs to, which must be the agency's and
// the client's; without one a new case begins.
func (s *Service) caseOf(ctx context.Context, who identity.Caller, outward, client string) (string, error) {
	if outward == "" {
		return s.deps.Secrets.RandomInner(), nil
	}
	unknown := fault.New(fault.InvalidField, "your agency has no such case of this client").Field("case_id", "unknown to your agency")
	inner, ok := s.deps.Secrets.Inward(identity.KindCase, who.Agency, outward)
	if !ok {
		return "", unknown
	}
	standings, err := s.deps.Store.Standings(ctx, journal.Query{
		Agency: who.Agency, Case: inner, Client: client, WithHidden: true, Limit: 1,
	})
	if err != nil {
		return "", fault.Store(err)
	}
	if len(standings) == 0 {
		return "", unknown
	}
	return inner, nil
}

// addressed checks the receiver against the directory and tells the rules what
// they need of it.
func (s *Service) addressed(command *rules.Command, receiver *commonv1.Party) error {
	if err := s.deps.Directory.Check(receiver, "receiver"); err != nil {
		return err
	}
	to, _ := s.deps.Directory.Agency(receiver.GetAgency())
	from, _ := s.deps.Directory.Agency(command.Actor.Agency)
	command.Facts.Receiver = &commonv1.Party{
		Agency: receiver.GetAgency(), Unit: receiver.GetUnit(), Worker: receiver.GetWorker(),
	}
	if receiver.GetUnit() == "" {
		command.Facts.Receiver.Unit = s.deps.Directory.Intake(receiver.GetAgency())
	}
	command.Facts.Graces = to.Graces
	command.Facts.Describes = from.Profile == necessary
	command.Facts.YouthWork = to.Kind == youthWork
	return nil
}

// earlier counts a receiver's concerns about a client in the last twelve months.
func (s *Service) earlier(ctx context.Context, receiver, client string, at time.Time) (int32, error) {
	standings, err := s.deps.Store.Standings(ctx, journal.Query{
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
