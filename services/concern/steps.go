package concern

import (
	"context"
	"time"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/ground/basis"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/lookahead"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/service"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// request is the common interface of the requests of all steps.
type request interface {
	service.Request
	GetConcernId() string
}

type (
	step     = service.Step[rules.Concern, rules.Facts]
	prepared = service.Prepared[rules.Facts]
)

// take takes one step on an existing concern. It returns the concern as its caller then reads it,
// and its full state.
func (s *Service) take(ctx context.Context, r service.Request) (reading.Shown[rules.Concern], rules.Concern, error) {
	taken := r.(request) //nolint:forcetypeassert // the requests of all steps name their concern
	return service.Take(ctx, s.kernel, r, taken.GetConcernId(), s.taken(r))
}

// taken returns how a step is decided. A forward also needs facts about the next receiver.
func (s *Service) taken(r service.Request) step {
	taken := step{Decide: rules.Decide, Etag: service.EtagOf(r), Check: rules.CheckStep, Related: s.related}
	switch r.(type) {
	case *concernv1.TriageConcernRequest:
		taken.Prepare = func(_ context.Context, world rules.World, command rules.Command) (prepared, error) {
			return prepared{Facts: rules.Facts{OnCall: s.Directory.OnCall(world.State(command.Subject).Holder, command.At)}}, nil
		}
	case *concernv1.AddInformationRequest:
		taken.Prepare = func(_ context.Context, world rules.World, command rules.Command) (prepared, error) {
			c := world.State(command.Subject)
			if c.Lead != "" {
				c = world.State(c.Lead)
			}
			return prepared{Facts: rules.Facts{OnCall: s.Directory.OnCall(c.Holder, command.At), Words: s.saysWords(command.Actor.Agency)}}, nil
		}
	}
	forward, ok := r.(*concernv1.ForwardConcernRequest)
	if !ok {
		return taken
	}
	receiver := forward.GetReceiver()
	taken.Sends = basis.To[rules.Concern](ground.Concern, receiver)
	taken.UniqueKeys = func(world rules.World, command rules.Command) []string {
		return s.uniqueKeys(world.State(command.Subject).Client, receiver)
	}
	taken.Prepare = func(ctx context.Context, world rules.World, command rules.Command) (prepared, error) {
		facts, err := s.facts(ctx, world, command, receiver, world.State(command.Subject).Client)
		if err != nil {
			return prepared{}, err
		}
		// A forward passes on who the client is. If the concern no longer names a client, the rules
		// refuse the forward.
		client, err := s.Store.Client(ctx, command.Subject)
		return prepared{Facts: facts, Clients: map[string][]byte{rules.Collection + command.NewID: client}}, fault.Store(err)
	}
	return taken
}

// saysWords reports whether an agency's reports without consent have words, as its profile says.
func (s *Service) saysWords(agency string) bool {
	own, _ := s.Directory.Agency(agency)
	return own.Profile == directory.Necessary
}

// SubmitConcern reports a concern. If the receiver has an open concern about the client, the report
// joins it.
func (s *Service) SubmitConcern(ctx context.Context, r *concernv1.SubmitConcernRequest) (*concernv1.SubmitConcernResponse, error) {
	shown, err := service.Begin(ctx, s.kernel, r, step{
		Decide: rules.Decide, Related: s.related, Sends: basis.To[rules.Concern](ground.Concern, r.GetReceiver()),
		UniqueKeys: func(_ rules.World, command rules.Command) []string {
			return s.uniqueKeys(command.Client, r.GetReceiver())
		},
		Ahead: func(ctx context.Context, command rules.Command) {
			receiver, _, _ := s.Addressed(r.GetReceiver(), command.Home, "", s.Now())
			_, _, _ = s.earlier(ctx, receiver, command.Client, s.Now())
		},
		Prepare: func(ctx context.Context, world rules.World, command rules.Command) (prepared, error) {
			facts, err := s.facts(ctx, world, command, r.GetReceiver(), command.Client)
			if err != nil {
				return prepared{}, err
			}
			if facts.OwnOpen = len(facts.OwnKnown); facts.OwnKnown == nil {
				own, err := s.own(ctx, matter.WholeScope(command.Actor.Agency), command.Client)
				facts.OwnOpen = len(own)
				return prepared{Facts: facts}, err
			}
			return prepared{Facts: facts}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &concernv1.SubmitConcernResponse{Concern: s.concern(shown)}, nil
}

// related returns the other concerns that a step needs.
func (s *Service) related(ctx context.Context, known rules.World, command rules.Command) ([]string, error) {
	switch command.Request.(type) {
	case *concernv1.SubmitConcernRequest, *concernv1.ForwardConcernRequest, *concernv1.WithdrawConcernRequest, *concernv1.RevokeConcernRequest:
	default:
		return rules.RelatedTo(known, command, nil, 0), nil
	}
	client := command.Client
	if client == "" {
		client = known.State(command.Subject).Client
	}
	var receiver *commonv1.Party
	switch r := command.Request.(type) {
	case *concernv1.SubmitConcernRequest:
		receiver = r.GetReceiver()
	case *concernv1.ForwardConcernRequest:
		receiver = r.GetReceiver()
	}
	keys := len(s.uniqueKeys(client, receiver))
	if !known.HasLoaded(rules.Leads(known, command, keys)...) {
		// The agency's own reports are read after the leads, so that none that a lead names is missing.
		return rules.RelatedTo(known, command, nil, keys), nil
	}
	lookahead.Start(ctx, func(ctx context.Context) { _, _ = s.ownKnown(ctx, client) })
	own, err := s.own(ctx, matter.WholeScope(command.Actor.Agency), client)
	if err != nil {
		return nil, err
	}
	return rules.RelatedTo(known, command, own, keys), nil
}

// uniqueKeys returns the keys of all open leading concerns that a receiver can have about a client.
func (s *Service) uniqueKeys(client string, receiver *commonv1.Party) []string {
	return rules.UniqueKeys(client, receiver.GetAgency(), s.Directory.AreaNames(receiver.GetAgency()))
}

// own returns the open reports about a client in a scope, as its agency has been shown them.
func (s *Service) own(ctx context.Context, scope matter.Scope, client string) ([]string, error) {
	entries, err := s.Store.WorklistEntries(ctx, journal.Query{
		Agency: scope.Agency, Role: journal.RoleSender, Client: client, OpenOnly: true, WithHidden: true, Readable: caller.Readable(scope),
	})
	return reading.Subjects(entries), fault.Store(err)
}

// facts returns what the rules need to know of a receiver.
func (s *Service) facts(ctx context.Context, world rules.World, command rules.Command, receiver *commonv1.Party, client string) (rules.Facts, error) {
	facts := rules.Facts{ToSocialServices: s.Directory.KindOf(receiver) == caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES}
	home, err := command.Home, error(nil)
	if home == (matter.Home{}) {
		home, err = s.Clients.HomeFor(ctx, command.Actor.Agency, world.Subjects[command.Subject])
	}
	if err != nil {
		return facts, err
	}
	facts.Receiver, facts.OnCall, facts.Graces = s.Addressed(receiver, home, "", command.At)
	facts.Areas = s.Directory.Areas(receiver.GetAgency())
	facts.Born = home.Born
	if facts.OwnKnown, err = s.ownKnown(ctx, client); err != nil {
		return facts, err
	}
	facts.Earlier, facts.EarlierUnreached, err = s.earlier(ctx, facts.Receiver, client, command.At)
	return facts, err
}

// ownKnown returns those of the agency's open reports about a client that the caller may read; nil if the
// caller may read all of the agency.
func (s *Service) ownKnown(ctx context.Context, client string) (map[string]bool, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	scope := s.Matters.Scopes.Of(who)
	if scope.Whole {
		return nil, nil
	}
	subjects, err := s.own(ctx, scope, client)
	known := map[string]bool{}
	for _, subject := range subjects {
		known[subject] = true
	}
	return known, err
}

const purposeCheck = "open concern of own agency"

// CheckOpenConcern returns whether the caller's own agency has an open report about the client at
// the receiver, and the status of that report.
func (s *Service) CheckOpenConcern(ctx context.Context, r *concernv1.CheckOpenConcernRequest) (*concernv1.CheckOpenConcernResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Directory.Check(r.GetReceiver(), "receiver"); err != nil {
		return nil, err
	}
	person, err := s.Clients.Person(ctx, who, r.GetClient())
	if err != nil {
		return nil, err
	}
	if !caller.IsParty(who) {
		return nil, fault.New(fault.RoleNotAllowed, "only a worker or system of an agency can ask this")
	}
	based, err := s.Bases.Of(r.GetBasis(), caller.Actor(who), basis.Sending{Message: ground.Concern, Receiver: r.GetReceiver()}, s.Now(),
		func() (time.Time, error) { return person.Home.Born, nil })
	if err != nil {
		return nil, err
	}
	if err := rules.CheckBasis(based, s.Now()); err != nil {
		return nil, err
	}
	if err := s.Consents.Check(ctx, who, based, person.InternalID, r.GetReceiver().GetAgency()); err != nil {
		return nil, err
	}
	view, err := s.ownOpen(ctx, who, r.GetReceiver().GetAgency(), person.InternalID)
	if err != nil {
		return nil, err
	}
	if err := s.AccessLog.Read(ctx, who, purposeCheck, accesslog.Reading{Client: person.InternalID, Basis: based}); err != nil {
		return nil, err
	}
	if view == nil {
		return &concernv1.CheckOpenConcernResponse{}, nil
	}
	return &concernv1.CheckOpenConcernResponse{Open: true, Status: rules.Status(view.State, view.Reader)}, nil
}

// ownOpen returns the earliest open report about a client at a receiver by the caller's agency, or by units
// of the caller's kind where its people read by unit, as the agency has been shown it; nil if there is none.
func (s *Service) ownOpen(ctx context.Context, who identity.Caller, receiver, client string) (*matter.View[rules.Concern], error) {
	agency, whole := matter.WholeScope(who.Agency), s.Matters.Scopes.Of(who).Whole
	subjects, err := s.own(ctx, agency, client)
	if err != nil {
		return nil, err
	}
	histories, err := s.Engine.Read(ctx, agency, subjects...)
	if err != nil {
		return nil, err
	}
	var earliest *matter.View[rules.Concern]
	for _, history := range histories {
		view := history.Views[who.Agency]
		if !whole && s.Directory.KindOf(view.State.Sender) != s.Directory.KindOf(who.Party()) {
			continue
		}
		if view.State.IsOpen() && view.State.Receiver.GetAgency() == receiver &&
			(earliest == nil || isEarlier(view.State, earliest.State)) {
			earliest = &view
		}
	}
	return earliest, nil
}

// isEarlier reports whether report a of an agency came before report b. If both came at the same
// time, the one that the other is shown to have joined counts as earlier.
func isEarlier(a, b rules.Concern) bool {
	if a.Started.Equal(b.Started) {
		return a.Lead == "" && b.Lead != ""
	}
	return a.Started.Before(b.Started)
}

// earlier counts a receiver's concerns about a client in the last twelve months that the people of its unit
// may read, without those that were withdrawn or entered in error, and those of them that ended because the
// client was not reached or wanted no help. The twelve months begin with the full hour, so that the reading ahead asks
// the same.
func (s *Service) earlier(ctx context.Context, receiver *commonv1.Party, client string, at time.Time) (count, unreached int32, err error) {
	entries, err := s.Store.WorklistEntries(ctx, journal.Query{
		Agency: receiver.GetAgency(), Role: journal.RoleReceiver, Client: client, WithHidden: true, StartedAfter: at.AddDate(-1, 0, 0).Truncate(time.Hour),
		Readable: caller.Readable(s.Matters.Scopes.OfUnit(receiver)),
	})
	if err != nil {
		return 0, 0, fault.Store(err)
	}
	for _, entry := range entries {
		if entry.State != int32(concernv1.ConcernState_CONCERN_STATE_WITHDRAWN) &&
			entry.State != int32(concernv1.ConcernState_CONCERN_STATE_ENTERED_IN_ERROR) {
			count++
		}
		if entry.Marks&matter.MarkEndedUnreached != 0 {
			unreached++
		}
	}
	return count, unreached, nil
}
