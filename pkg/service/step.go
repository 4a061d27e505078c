package service

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent"
	"koppi.internal/pkg/ground/basis"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/lookahead"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/telemetry"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Request is what the requests of all writes have in common.
type Request interface {
	proto.Message
	GetRequestId() string
}

// StartRequest is what the requests have in common that begin a matter about a client.
type StartRequest interface {
	Request
	GetClient() *commonv1.Client
	GetCaseId() string
}

// Step is one write. F are the facts that the service's rules need.
type Step[S matter.State, F any] struct {
	// Etag of the version on which the caller decided; empty skips the check.
	Etag string
	// UniqueKeys returns the unique keys whose holders the decision needs; may be nil.
	UniqueKeys func(matter.World[S], matter.Command[F]) []string
	// Check may refuse from the commanded matter alone, before more is read; may be nil.
	Check func(matter.World[S], matter.Command[F]) error
	// Related returns the other subjects that the decision needs; nil for those that the rules
	// name.
	Related func(context.Context, matter.World[S], matter.Command[F]) ([]string, error)
	// Ahead reads what a step that begins a matter will need and that may be older than what is loaded, beside
	// the first readings; may be nil. The command has no time, number or facts yet.
	Ahead func(context.Context, matter.Command[F])
	// Sends returns what the step sends on a matter in a state; the table of lawful grounds decides on
	// its legal basis. Nil for a step without one.
	Sends func(S) basis.Sending
	// Prepare gathers external facts, after the checks of relation and request_id; may be nil.
	Prepare func(context.Context, matter.World[S], matter.Command[F]) (Prepared[F], error)
	Decide  func(matter.World[S], matter.Command[F]) ([]matter.Event, error)
}

// Prepared is what Step.Prepare returns.
type Prepared[F any] struct {
	// Facts that the rules need.
	Facts F
	// Home of the client, if the step found it.
	Home matter.Home
	// Clients are sealed identities of the client by subject, for the subjects that the step starts.
	Clients map[string][]byte
}

// Begin starts a matter. The checks come in the standard order; the token and the form of the
// fields were checked before.
func Begin[S matter.State, F any](ctx context.Context, s *Service[S], r StartRequest, step Step[S, F]) (reading.Shown[S], error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return reading.Shown[S]{}, err
	}
	if err := checkParties(s.Directory, r); err != nil {
		return reading.Shown[S]{}, err
	}
	asked := newCommand[S, F](s, who, r, s.NewID())
	var clients map[string][]byte
	if r.GetClient() != nil {
		person, err := s.Clients.Person(ctx, who, r.GetClient())
		if err != nil {
			return reading.Shown[S]{}, err
		}
		asked.Client, asked.Home = person.InternalID, person.Home
		clients = map[string][]byte{asked.Subject: person.Identity}
	}
	if asked.Case, err = s.Clients.CaseOf(ctx, who, r.GetCaseId(), asked.Client); err != nil {
		return reading.Shown[S]{}, err
	}
	shown, _, err := run(ctx, s, who, call[S, F]{request: r, step: step, asked: asked, starts: true, clients: clients})
	return shown, err
}

// Take takes a step on an existing matter. It returns the matter as its caller then reads it, and
// its full state.
func Take[S matter.State, F any](ctx context.Context, s *Service[S], r Request, id string, step Step[S, F]) (reading.Shown[S], S, error) {
	var none S
	who, err := caller.Of(ctx)
	if err != nil {
		return reading.Shown[S]{}, none, err
	}
	if err := checkParties(s.Directory, r); err != nil {
		return reading.Shown[S]{}, none, err
	}
	if err := s.Matters.CheckParty(ctx, who, id); err != nil {
		return reading.Shown[S]{}, none, err
	}
	return run(ctx, s, who, call[S, F]{request: r, step: step, asked: newCommand[S, F](s, who, r, id)})
}

func newCommand[S matter.State, F any](s *Service[S], who identity.Caller, r Request, id string) matter.Command[F] {
	return matter.Command[F]{
		Actor: caller.Actor(who), Subject: s.config.Collection + id, Request: r,
		NewID: s.NewID(),
	}
}

// call is one call of a step, after the checks that need no history.
type call[S matter.State, F any] struct {
	request Request
	step    Step[S, F]
	asked   matter.Command[F]
	starts  bool
	// clients are sealed identities by subject, for what the step starts.
	clients map[string][]byte
}

// facts are what one attempt at a step gathered: the command as the rules get it, what is known of
// the client's consent, and the identities to record.
type facts[F any] struct {
	command   matter.Command[F]
	clearance consent.Clearance
	clients   map[string][]byte
}

// run takes a step through the stages of package command.
func run[S matter.State, F any](ctx context.Context, s *Service[S], who identity.Caller, c call[S, F]) (reading.Shown[S], S, error) {
	var none S
	access, digest, err := s.AccessLog.Write(ctx, who, c.request)
	if err != nil {
		return reading.Shown[S]{}, none, err
	}
	var sent *commonv1.LegalBasis
	result, err := command.Handle(ctx, s.Engine, command.Command[S, facts[F]]{
		Target: command.Target{
			Agency: who.Agency, Scope: s.Matters.Scopes.Of(who), Subject: c.asked.Subject, Starts: c.starts, RequestID: c.request.GetRequestId(), Digest: digest, Access: access,
		},
		Ahead:      func(ctx context.Context) { ahead(ctx, s, c) },
		UniqueKeys: c.uniqueKeys,
		Check:      c.check,
		Related:    c.related(),
		Prepare: func(ctx context.Context, world matter.World[S], at time.Time) (facts[F], error) {
			return prepare(ctx, s, who, c, access, world, at)
		},
		Decide: func(world matter.World[S], facts facts[F], _ time.Time) ([]matter.Event, error) {
			events, err := c.step.Decide(world, facts.command)
			if err != nil {
				return nil, err
			}
			sent = c.basisOf(facts.command.Request)
			return events, s.config.Rules.CheckRoom(world, who.Agency, c.asked.Subject, matter.StepOf(c.request), events)
		},
		Authorise: func(ctx context.Context, facts facts[F], decision command.Decision[S]) (journal.Batch, error) {
			if err := s.naming.Keep(ctx, decision.Events); err != nil {
				return journal.Batch{}, err
			}
			return s.guard.Authorise(ctx, facts.clearance, decision.Recipients)
		},
		Clients: func(facts facts[F]) map[string][]byte { return facts.clients },
	})
	if err != nil {
		return reading.Shown[S]{}, none, s.guard.RecordStopped(ctx, err)
	}
	if result.Changed && !result.Repeated {
		countGround(ctx, sent)
	}
	if head := result.History.State.Common(); head.IsRevoked() && !head.Revocation.Erased {
		if err := s.actions.EraseRevoked(ctx, c.asked.Subject); err != nil {
			return reading.Shown[S]{}, none, err
		}
	}
	return s.Matters.Shown(result.History.Views[who.Agency], who), result.History.State, nil
}

// ahead starts the readings of a step that begins a matter: they follow from the request alone.
func ahead[S matter.State, F any](ctx context.Context, s *Service[S], c call[S, F]) {
	if !c.starts {
		return
	}
	lookahead.Start(ctx, s.guard.Ahead(c.asked.Actor.Agency, c.asked.Client, c.basisOf(c.request))...)
	if c.step.Ahead != nil {
		lookahead.Start(ctx, func(ctx context.Context) { c.step.Ahead(ctx, c.asked) })
	}
}

// prepare gathers the facts of one attempt.
func prepare[S matter.State, F any](
	ctx context.Context, s *Service[S], who identity.Caller, c call[S, F], access journal.Access, world matter.World[S], at time.Time,
) (facts[F], error) {
	asked, err := c.at(world), error(nil)
	asked.At = at
	// An attempt that lost its number to another matter draws a new one.
	if asked.Number, err = matter.DrawNumber(s.Random); err != nil {
		return facts[F]{}, err
	}
	client := asked.Client
	if !c.starts {
		client = world.State(asked.Subject).Common().Client
	}
	gathered := facts[F]{clients: c.clients}
	based, limit, err := c.based(ctx, s, asked, world)
	asked.Limit = limit
	if err != nil {
		return gathered, err
	}
	guarded := s.guard.StepOf(who, based, access, asked.Subject)
	if gathered.clearance, asked.Request, err = s.guard.Prepare(ctx, guarded, based, client, at); err != nil {
		return gathered, err
	}
	if c.step.Sends != nil {
		// The time of a cited consent is known only now.
		asked.Request = basis.WithFeedback(c.request, asked.Request, c.step.Sends(world.State(asked.Subject)))
	}
	if asked.Attachments, asked.Unavailable, err = s.naming.Find(ctx, who, c.request, client); err != nil {
		return gathered, err
	}
	if c.step.Prepare != nil {
		prepared, err := c.step.Prepare(ctx, world, asked)
		if err != nil {
			return gathered, err
		}
		asked.Facts = prepared.Facts
		if prepared.Home != (matter.Home{}) {
			asked.Home = prepared.Home
		}
		if prepared.Clients != nil {
			gathered.clients = prepared.Clients
		}
	}
	gathered.command = asked
	return gathered, nil
}

// based returns the request with the legal basis that is recorded for it, and the time to decide that
// its row sets.
func (c call[S, F]) based(ctx context.Context, s *Service[S], asked matter.Command[F], world matter.World[S]) (proto.Message, *matter.Limit, error) {
	if c.step.Sends == nil {
		return c.request, nil, nil
	}
	return s.Bases.OfRequest(c.request, asked.Actor, c.step.Sends(world.State(asked.Subject)), asked.At, func() (time.Time, error) {
		if c.starts {
			return asked.Home.Born, nil
		}
		home, err := s.Clients.HomeFor(ctx, asked.Actor.Agency, world.Subjects[asked.Subject])
		return home.Born, err
	})
}

// basisOf returns the legal basis on which a request sends; nil if it sends nothing.
func (c call[S, F]) basisOf(r proto.Message) *commonv1.LegalBasis {
	named, ok := r.(interface{ GetBasis() *commonv1.LegalBasis })
	if !ok || c.step.Sends == nil {
		return nil
	}
	return named.GetBasis()
}

// at returns the command on what was loaded: it says whether the caller decided on another version
// than is disclosed to it now.
func (c call[S, F]) at(world matter.World[S]) matter.Command[F] {
	asked, agency := c.asked, c.asked.Actor.Agency
	asked.Stale = c.step.Etag != "" && c.step.Etag != matter.Etag(asked.Subject, agency, world.Subjects[asked.Subject].Views[agency].Version)
	return asked
}

func (c call[S, F]) uniqueKeys(world matter.World[S]) []string {
	if c.step.UniqueKeys == nil {
		return nil
	}
	return c.step.UniqueKeys(world, c.asked)
}

func (c call[S, F]) check(world matter.World[S]) error {
	if c.step.Check == nil {
		return nil
	}
	return c.step.Check(world, c.at(world))
}

// related returns the step's own function; nil if the rules name what is related.
func (c call[S, F]) related() func(context.Context, matter.World[S]) ([]string, error) {
	if c.step.Related == nil {
		return nil
	}
	return func(ctx context.Context, world matter.World[S]) ([]string, error) {
		return c.step.Related(ctx, world, c.asked)
	}
}

// groundsUsed has as many series as the table of grounds has rows.
var groundsUsed = telemetry.Counter("koppi.grounds.used", "{sending}", "Messages sent on a row of the table of grounds, by its key and whether a lawyer had accepted the row.")

// countGround counts a recorded sending that rests on a row.
func countGround(ctx context.Context, basis *commonv1.LegalBasis) {
	if terms := basis.GetTerms(); terms != nil {
		groundsUsed.Add(ctx, 1, metric.WithAttributes(telemetry.KeyGround.String(basis.GetGroundKey()), telemetry.KeyReviewed.Bool(terms.GetReviewed())))
	}
}

// EtagOf returns the etag of the version on which a request was decided; empty if it names none.
func EtagOf(r proto.Message) string {
	if named, ok := r.(interface{ GetEtag() string }); ok {
		return named.GetEtag()
	}
	return ""
}
