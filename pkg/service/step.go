package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
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
	// Claims returns the unique keys whose holders the decision needs; may be nil.
	Claims func(matter.World[S], matter.Command[F]) []string
	// Check may refuse from the commanded matter alone, before more is read; may be nil.
	Check func(matter.World[S], matter.Command[F]) error
	// Related returns the other subjects that the decision needs; nil for those that the rules
	// name.
	Related func(context.Context, matter.World[S], matter.Command[F]) ([]string, error)
	// Prepare gathers external facts, after the checks of relation and request_id; may be nil.
	Prepare func(context.Context, matter.World[S], *matter.Command[F]) error
	Decide  func(matter.World[S], matter.Command[F]) ([]matter.Event, error)
	// Clients returns the client's sealed identity by subject, for the subjects that the step
	// starts; may be nil.
	Clients func(matter.Command[F]) map[string][]byte
}

// Begin starts a matter. The checks come in the standard order; the token and the form of the
// fields were checked before.
func Begin[S matter.State, F any](ctx context.Context, k *Kernel[S], r StartRequest, step Step[S, F]) (Shown[S], error) {
	who, err := Caller(ctx)
	if err != nil {
		return Shown[S]{}, err
	}
	if err := checkParties(k.Directory, r); err != nil {
		return Shown[S]{}, err
	}
	command := newCommand[S, F](k, who, r, k.NewID())
	if r.GetClient() != nil {
		person, err := k.Person(ctx, who, r.GetClient())
		if err != nil {
			return Shown[S]{}, err
		}
		command.Client, command.Home = person.Inner, person.Home
		step.Clients = func(command matter.Command[F]) map[string][]byte {
			return map[string][]byte{command.Subject: person.Identity}
		}
	}
	if command.Case, err = k.caseOf(ctx, who, r.GetCaseId(), command.Client); err != nil {
		return Shown[S]{}, err
	}
	shown, _, err := run(ctx, k, who, r, step, command, true)
	return shown, err
}

// Take takes a step on an existing matter. It returns the matter as its caller then reads it, and
// its full state.
func Take[S matter.State, F any](ctx context.Context, k *Kernel[S], r Request, id string, step Step[S, F]) (Shown[S], S, error) {
	var none S
	who, err := Caller(ctx)
	if err != nil {
		return Shown[S]{}, none, err
	}
	if err := checkParties(k.Directory, r); err != nil {
		return Shown[S]{}, none, err
	}
	if err := k.CheckParty(ctx, who, id); err != nil {
		return Shown[S]{}, none, err
	}
	return run(ctx, k, who, r, step, newCommand[S, F](k, who, r, id), false)
}

func newCommand[S matter.State, F any](k *Kernel[S], who identity.Caller, r Request, id string) matter.Command[F] {
	return matter.Command[F]{
		Actor: Actor(who), Subject: k.config.Collection + id, Request: r,
		NewID: k.NewID(),
	}
}

func run[S matter.State, F any](
	ctx context.Context, k *Kernel[S], who identity.Caller, r Request, step Step[S, F], asked matter.Command[F], starts bool,
) (Shown[S], S, error) {
	var none S
	access, digest, err := k.AccessOf(ctx, who, r)
	if err != nil {
		return Shown[S]{}, none, err
	}
	admission := newAdmission(k, who, r, access, asked.Subject)
	wanted := command.Command[S]{
		Agency: who.Agency, Subject: asked.Subject, Starts: starts, RequestID: r.GetRequestId(), Digest: digest, Access: access,
		Prepare: func(ctx context.Context, world matter.World[S], at time.Time) error {
			asked.At = at
			asked.Stale = step.isStale(asked, world)
			client := asked.Client
			if !starts {
				client = world.State(asked.Subject).Common().Client
			}
			var err error
			if asked.Request, err = admission.begin(ctx, r, client, at); err != nil {
				return err
			}
			if asked.Attachments, asked.Unavailable, err = k.papers(ctx, who, r, client); err != nil || step.Prepare == nil {
				return err
			}
			return step.Prepare(ctx, world, &asked)
		},
		Decide: func(world matter.World[S], _ time.Time) ([]matter.Event, error) {
			events, err := step.Decide(world, asked)
			if err != nil {
				return nil, err
			}
			if err := k.config.Rules.CheckRoom(world, who.Agency, asked.Subject, matter.StepOf(r), events); err != nil {
				return nil, err
			}
			return events, k.keepPapers(ctx, events)
		},
		Admit: admission.admit,
	}
	if step.Check != nil {
		wanted.Check = func(world matter.World[S]) error {
			asked.Stale = step.isStale(asked, world)
			return step.Check(world, asked)
		}
	}
	if step.Related != nil {
		wanted.Related = func(ctx context.Context, world matter.World[S]) ([]string, error) {
			return step.Related(ctx, world, asked)
		}
	}
	if step.Claims != nil {
		wanted.Claims = func(world matter.World[S]) []string { return step.Claims(world, asked) }
	}
	if step.Clients != nil {
		wanted.Clients = func() map[string][]byte { return step.Clients(asked) }
	}
	result, err := k.Engine.Handle(ctx, wanted)
	if err != nil {
		return Shown[S]{}, none, admission.refused(ctx, err)
	}
	if r := result.History.State.Common().Revocation; result.History.State.Common().IsRevoked() && !r.Erased {
		if err := k.eraseRevoked(ctx, asked.Subject); err != nil {
			return Shown[S]{}, none, err
		}
	}
	return k.shown(result.History.Views[who.Agency], who), result.History.State, nil
}

// isStale tells whether the caller decided on another version than is disclosed to it now.
func (s Step[S, F]) isStale(command matter.Command[F], world matter.World[S]) bool {
	agency := command.Actor.Agency
	return s.Etag != "" && s.Etag != matter.Etag(command.Subject, agency, world.Subjects[command.Subject].Views[agency].Version)
}

// Addressed returns a party as the directory completes it, and how long it has to act. If the party
// names no unit, the directory chooses the one that serves the client's municipality, language and
// the requested service.
func (k *Kernel[S]) Addressed(party *commonv1.Party, home matter.Home, serviceKey string) (*commonv1.Party, matter.Graces) {
	agency, _ := k.Directory.Agency(party.GetAgency())
	full := &commonv1.Party{Agency: party.GetAgency(), Unit: party.GetUnit(), Worker: party.GetWorker()}
	if full.GetUnit() == "" {
		full.Unit = k.Directory.To(party.GetAgency(), directory.RoutingQuery{
			Municipality: home.Municipality, Language: home.Language, ServiceKey: serviceKey,
		})
	}
	return full, agency.Graces
}

// EtagOf returns the etag of the version on which a request was decided; empty if it names none.
func EtagOf(r proto.Message) string {
	if named, ok := r.(interface{ GetEtag() string }); ok {
		return named.GetEtag()
	}
	return ""
}
