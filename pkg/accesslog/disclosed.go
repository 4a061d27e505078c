package accesslog

import (
	"cmp"
	"context"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// disclosed decides for each access record whether its reader may know it. One command may change
// several matters: reports that were joined, a concern that was passed on, and what was passed on
// from it. Each matter gets a record. A reader sees it only if the matter itself disclosed to the
// reader that this agency acted, so that a record reveals no more than the matter.
type disclosed[S matter.State] struct {
	log    *Reader[S]
	who    identity.Caller
	client string
	// own are the matters that the caller may read, also such as its agency has left; nil for the
	// client, who may read all.
	own map[string]bool
	// of are the matters read so far; nil for one of which nothing is disclosed.
	of map[string]*command.Changes[S]
}

func (l *Reader[S]) disclosed(ctx context.Context, who identity.Caller, client string) (*disclosed[S], error) {
	d := &disclosed[S]{log: l, who: who, client: client, of: map[string]*command.Changes[S]{}}
	if who.Role == identity.RoleClient {
		return d, nil
	}
	entries, err := l.Store.WorklistEntries(ctx, l.Scopes.Query(who, journal.Query{Agency: who.Agency, Client: client, WithHidden: true}))
	if err != nil {
		return nil, fault.Store(err)
	}
	d.own = map[string]bool{}
	for _, entry := range entries {
		d.own[entry.Subject] = true
	}
	return d, nil
}

// shown returns a record as its reader may know it; nil if the reader may not know it.
func (d *disclosed[S]) shown(ctx context.Context, record journal.NumberedAccess) (*caseworkv1.Access, error) {
	by, basis := &commonv1.Party{}, &commonv1.LegalBasis{}
	if err := proto.Unmarshal(record.By, by); err != nil {
		return nil, err
	}
	if err := proto.Unmarshal(record.Basis, basis); err != nil {
		return nil, err
	}
	if d.own != nil && by.GetAgency() != d.who.Agency {
		return nil, nil
	}
	if aboutNoMatter := record.Subject == "" || strings.HasPrefix(record.Subject, directive.Collection); aboutNoMatter && d.own != nil && !d.isOwn(by, record.Access) {
		return nil, nil
	}
	subject := record.Subject
	switch {
	case strings.HasPrefix(subject, directive.Collection):
		// This name is the same towards all agencies, so it is left out.
		subject = ""
	case subject != "":
		changed, err := d.matter(ctx, subject)
		if err != nil {
			return nil, err
		}
		may, err := d.may(ctx, changed, by.GetAgency(), record)
		if err != nil || !may {
			return nil, err
		}
		if d.own != nil && len(record.Basis) > 0 {
			basis = changed.View.State.Common().Basis
		}
	}
	if EmergencyOf(record.Access) != "" {
		record.Purpose = ""
	}
	access := &caseworkv1.Access{At: timestamppb.New(record.At), Subject: subject, Method: record.Method, Basis: basis, Purpose: record.Purpose}
	d.sign(access, by, record.Access)
	return access, nil
}

// isOwn tells whether a caller who reads by unit made a record itself. What an agency's people searched
// shows whom it concerns.
func (d *disclosed[S]) isOwn(by *commonv1.Party, record journal.Access) bool {
	return d.log.Scopes.Of(d.who).Whole || cmp.Or(record.OnBehalfOf, by.GetWorker()) == d.who.Worker
}

// sign sets the actor of a record. The client receives no purpose that a worker wrote, which may be about
// others; of the worker it receives what the gateway decides (703/2023 § 11), and of a system nothing. An agency
// receives its own worker, and the system that called for the worker or for itself.
func (d *disclosed[S]) sign(access *caseworkv1.Access, by *commonv1.Party, record journal.Access) {
	client := d.who.Role == identity.RoleClient
	switch {
	case client && identity.Role(record.Role) == identity.RoleClient:
		access.ByClient = true
	case client:
		access.By, access.Purpose = by, ""
		if record.OnBehalfOf != "" || !identity.Role(record.Role).IsWorker() {
			access.By = matter.UnitAlone(by)
		}
	default:
		access.By = by
		if record.OnBehalfOf != "" || identity.Role(record.Role) == identity.RoleSystem {
			access.System = by.GetWorker()
		}
		if record.OnBehalfOf != "" {
			// A system acted in a worker's name, so the worker is shown as the reader.
			access.By.Worker = record.OnBehalfOf
		}
	}
}

// matter returns what was disclosed of a matter to the reader; each matter is read once.
func (d *disclosed[S]) matter(ctx context.Context, subject string) (*command.Changes[S], error) {
	if d.own != nil && !d.own[subject] {
		// The matter is not read at all, so that its content and length make no difference in time.
		return nil, nil
	}
	if known, read := d.of[subject]; read {
		return known, nil
	}
	client := ""
	if d.own == nil {
		client = d.client
	}
	of, err := d.log.Engine.Changes(ctx, subject, d.log.Scopes.Of(d.who), client)
	if err != nil {
		return nil, err
	}
	d.of[subject] = of
	return of, nil
}

// may tells whether the reader may know a record of a matter.
func (d *disclosed[S]) may(ctx context.Context, changed *command.Changes[S], agency string, record journal.NumberedAccess) (bool, error) {
	switch {
	case changed == nil:
		// The client may still know who read a matter that was erased since.
		return d.own == nil, nil
	case len(record.Head) == 0 && !changes(record.Method):
		return true, nil
	}
	return changed.Disclosed(agency, record.Access, func() ([]byte, error) {
		before, err := d.log.AccessLog.Accesses(ctx, journal.AccessQuery{Client: d.client, ChangesOf: record.Subject, Before: record.Number, Limit: 1})
		if err != nil || len(before) == 0 {
			return nil, fault.Store(err)
		}
		return before[0].Head, nil
	})
}

// changes tells whether a method of the contract changes something: exactly those methods whose
// requests have a request_id do.
func changes(method string) bool {
	service, name, _ := strings.Cut(method, "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return false
	}
	described, ok := found.(protoreflect.ServiceDescriptor)
	if !ok || described.Methods().ByName(protoreflect.Name(name)) == nil {
		return false
	}
	fields := described.Methods().ByName(protoreflect.Name(name)).Input().Fields()
	for i := range fields.Len() {
		within := fields.Get(i).Message()
		if fields.Get(i).Name() == requestID || within != nil && within.Fields().ByName(requestID) != nil {
			return true
		}
	}
	return false
}

const requestID = protoreflect.Name("request_id")
