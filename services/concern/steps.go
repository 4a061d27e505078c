package concern

import (
	"context"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/decide"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/loop"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// request is what the requests of all steps have in common.
type request interface {
	proto.Message
	GetRequestId() string
	GetConcernId() string
	GetEtag() string
}

// step takes one step on a concern that exists. The checks come in the order of
// the house; token and form of the fields were checked before.
func (s *Service) step(ctx context.Context, r request) (*concernv1.Concern, loop.History[rules.Concern], error) {
	none := loop.History[rules.Concern]{}
	who, err := matter.Caller(ctx)
	if err != nil {
		return nil, none, err
	}
	if err := s.checkParties(r); err != nil {
		return nil, none, err
	}
	if !matter.IsParty(who) {
		return nil, none, matter.NotFound()
	}
	prepared := &preparation{service: s, request: r, command: rules.Command{
		Actor: matter.Actor(who), Subject: rules.Collection + r.GetConcernId(), At: s.Now(), Request: r,
		Facts: rules.Facts{NewID: s.NewID(), CodeInText: matter.CodeInText(r)},
	}}
	access, digest, err := s.AccessOf(ctx, who, r)
	if err != nil {
		return nil, none, err
	}
	result, err := s.Engine.Handle(ctx, decide.Command[rules.Concern]{
		Agency: who.Agency, Subject: prepared.command.Subject, RequestID: r.GetRequestId(), Digest: digest,
		Claims: prepared.claims, Prepare: prepared.prepare, Decide: prepared.decide, Clients: prepared.started, Access: access,
	})
	if err != nil {
		return nil, none, err
	}
	return s.concern(result.History, who), result.History, nil
}

// preparation gathers what one step's decision needs from outside.
type preparation struct {
	service *Service
	request request
	command rules.Command
	client  []byte
}

func (p *preparation) forward() (*concernv1.ForwardConcernRequest, bool) {
	r, ok := p.request.(*concernv1.ForwardConcernRequest)
	return r, ok
}

// claims asks whether the next receiver has an open concern about the client.
func (p *preparation) claims(world rules.World) []string {
	if r, ok := p.forward(); ok {
		client := world.State(p.command.Subject).Client
		return []string{rules.ClaimKey(client, r.GetReceiver().GetAgency())}
	}
	return nil
}

func (p *preparation) prepare(ctx context.Context, world rules.World) error {
	view := world.Subjects[p.command.Subject].Views[p.command.Actor.Agency]
	p.command.Stale = p.request.GetEtag() != "" &&
		p.request.GetEtag() != loop.Etag(p.command.Subject, p.command.Actor.Agency, view.Version)
	r, ok := p.forward()
	if !ok {
		return nil
	}
	if err := p.service.addressed(&p.command, r.GetReceiver()); err != nil {
		return err
	}
	client := world.State(p.command.Subject).Client
	var err error
	if p.command.Facts.Earlier, err = p.service.earlier(ctx, r.GetReceiver().GetAgency(), client, p.command.At); err != nil {
		return err
	}
	// Forwarding passes on who the client is.
	if p.client, err = p.service.Store.Client(ctx, p.command.Subject); err != nil {
		return fault.Store(err)
	}
	return nil
}

func (p *preparation) decide(world rules.World) ([]loop.Event, error) {
	return rules.Decide(world, p.command)
}

func (p *preparation) started() map[string][]byte {
	if p.client == nil {
		return nil
	}
	return map[string][]byte{rules.Collection + p.command.Facts.NewID: p.client}
}

// checkParties holds the parties that a step names against the directory.
func (s *Service) checkParties(r request) error {
	var party *commonv1.Party
	var path string
	switch r := r.(type) {
	case *concernv1.TriageConcernRequest:
		party, path = r.GetAssignTo(), "assign_to"
	case *concernv1.ReassignConcernRequest:
		return s.Directory.Check(r.GetTo(), "to")
	case *concernv1.ForwardConcernRequest:
		return s.Directory.Check(r.GetReceiver(), "receiver")
	case *concernv1.DeclineConcernRequest:
		party, path = r.GetSuggestedReceiver(), "suggested_receiver"
	}
	if party == nil {
		return nil
	}
	return s.Directory.Check(party, path)
}
