package gateway

import (
	"cmp"
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/people"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Naming wraps a connection so that answers name the people whom they name by key, and say how to reach the
// parties: it adds no party. What a stream brings is named too.
func (p *People) Naming(to grpc.ClientConnInterface) grpc.ClientConnInterface { return naming{p, to} }

type naming struct {
	people *People
	grpc.ClientConnInterface
}

// Invoke makes a call and completes its answer.
func (n naming) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	if err := n.ClientConnInterface.Invoke(ctx, method, in, out, options...); err != nil {
		return err
	}
	who, known := identity.FromContext(ctx)
	if said, is := in.(*consultationv1.SetReachabilityRequest); is && known {
		if err := n.people.follow(ctx, who, said.GetReachability()); err != nil {
			return err
		}
	}
	if answer, is := out.(proto.Message); is && known {
		n.people.complete(who, answer)
	}
	return nil
}

// NewStream begins a stream whose messages are completed as answers are.
func (n naming) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := n.ClientConnInterface.NewStream(ctx, desc, method, options...)
	if who, known := identity.FromContext(ctx); err == nil && known {
		return namedStream{stream, n.people, who}, nil
	}
	return stream, err
}

type namedStream struct {
	grpc.ClientStream
	people *People
	who    identity.Caller
}

// RecvMsg receives a message and names the people in it.
func (s namedStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if received, is := message.(proto.Message); is && err == nil {
		s.people.complete(s.who, received)
	}
	return err
}

// complete names the people of an answer, and adds how to reach the parties where the answer has a field for
// it.
func (p *People) complete(who identity.Caller, answer proto.Message) {
	fill := filling{people: p, who: who, staff: map[string]people.Staff{}, parties: map[partyKey]shownParty{}}
	switch answer := answer.(type) {
	case *caseworkv1.ListWorkResponse:
		fill.absences(answer)
	case *consultationv1.GetReachabilityResponse:
		fill.reachability(answer)
	}
	matter.EachParty(answer, fill.party)
	message := answer.ProtoReflect()
	field := message.Descriptor().Fields().ByName("contacts")
	if field == nil || !field.IsList() || field.Message() == nil || field.Message().FullName() != contactName {
		return
	}
	list := message.Mutable(field).List()
	for _, contact := range fill.contacts() {
		list.Append(protoreflect.ValueOfMessage(contact.ProtoReflect()))
	}
}

var contactName = proto.MessageName((*commonv1.ContactPoint)(nil))

type partyKey struct{ agency, unit, worker string }

// filling is the completion of one answer.
type filling struct {
	people  *People
	who     identity.Caller
	staff   map[string]people.Staff
	parties map[partyKey]shownParty
}

// shownParty is how a party is named in the answer.
type shownParty struct{ worker, name string }

// of returns the people of an agency; nobody if they do not count any more.
func (f *filling) of(agency string) people.Staff {
	staff, known := f.staff[agency]
	if !known {
		var counts bool
		if staff, _, counts = f.people.Staff(agency); !counts {
			staff = people.Staff{}
		}
		f.staff[agency] = staff
	}
	return staff
}

// party names the worker of a party. A worker who is unnamed is named inside its agency only: the client is
// given the unit instead.
func (f *filling) party(party *commonv1.Party) {
	if party.GetAgency() == "" {
		return
	}
	at := partyKey{party.GetAgency(), party.GetUnit(), party.GetWorker()}
	shown, known := f.parties[at]
	if !known {
		shown = f.shown(at)
		f.parties[at] = shown
	}
	party.Worker, party.DisplayName = shown.worker, shown.name
}

// shown decides how a party is named. Where the people do not count, nobody knows who is unnamed: the client
// is then given the unit, too.
func (f *filling) shown(at partyKey) shownParty {
	staff := f.of(at.agency)
	switch unnamed := !own(f.who, at.agency) && (staff.Stored == nil || staff.IsUnnamed(at.worker)); {
	case at.worker == "":
		return shownParty{}
	case unnamed && f.who.Role == identity.RoleClient:
		return shownParty{}
	case unnamed:
		return shownParty{worker: at.worker}
	default:
		return shownParty{at.worker, staff.Find(at.unit, at.worker).GetName()}
	}
}

// contacts returns how to reach the parties, by agency, unit and worker.
func (f *filling) contacts() []*commonv1.ContactPoint {
	var all []*commonv1.ContactPoint
	for at, shown := range f.parties {
		contact := f.people.config.Directory.ContactPoint(&commonv1.Party{Agency: at.agency, Unit: at.unit})
		if contact == nil {
			continue
		}
		if shown.name != "" {
			contact = f.worker(at, contact)
		}
		all = append(all, contact)
	}
	slices.SortFunc(all, func(a, b *commonv1.ContactPoint) int {
		return cmp.Or(cmp.Compare(a.GetParty().GetAgency(), b.GetParty().GetAgency()), cmp.Compare(a.GetParty().GetUnit(), b.GetParty().GetUnit()),
			cmp.Compare(a.GetParty().GetWorker(), b.GetParty().GetWorker()))
	})
	return slices.CompactFunc(all, func(a, b *commonv1.ContactPoint) bool { return proto.Equal(a.GetParty(), b.GetParty()) })
}

// worker returns how to reach a worker who is named: by the worker's own telephone number, or else by the
// unit's.
func (f *filling) worker(at partyKey, contact *commonv1.ContactPoint) *commonv1.ContactPoint {
	staff := f.of(at.agency)
	found := staff.Find(at.unit, at.worker)
	contact.Party.Unit = cmp.Or(at.unit, contact.GetParty().GetUnit())
	contact.Party.Worker, contact.Party.DisplayName, contact.Titles = at.worker, found.GetName(), titles(found)
	if found.GetPhone() != "" {
		contact.Phone, contact.PhoneHours = found.GetPhone(), found.GetPhoneHours()
	}
	return contact
}
