package concern

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/telemetry"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

const (
	necessary = directory.Necessary
	youthWork = caseworkv1.AgencyKind_AGENCY_KIND_YOUTH_WORK
)

func noToken() error { return fault.New(fault.TokenRequired, "a token is missing") }

// checkParties holds the parties that a step names against the directory.
func (s *Service) checkParties(r request) error {
	var party *commonv1.Party
	var path string
	switch r := r.(type) {
	case *concernv1.TriageConcernRequest:
		party, path = r.GetAssignTo(), "assign_to"
	case *concernv1.ReassignConcernRequest:
		return s.deps.Directory.Check(r.GetTo(), "to")
	case *concernv1.ForwardConcernRequest:
		return s.deps.Directory.Check(r.GetReceiver(), "receiver")
	case *concernv1.DeclineConcernRequest:
		party, path = r.GetSuggestedReceiver(), "suggested_receiver"
	}
	if party == nil {
		return nil
	}
	return s.deps.Directory.Check(party, path)
}

// codeInText tells whether a request's texts hold something of an identity code's
// shape. The client is named by its own message alone, which is not text.
func codeInText(r proto.Message) bool {
	found := false
	message := r.ProtoReflect()
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if isName(field) || field.Kind() == protoreflect.MessageKind && field.Message().FullName() == clientName {
			return true
		}
		found = found || valueHoldsCode(field, value)
		return !found
	})
	return found
}

// isName tells fields that name something in a form of their own: a UUID may look
// like an identity code.
func isName(field protoreflect.FieldDescriptor) bool {
	name := string(field.Name())
	return strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids") || name == "etag" || name == "resubmitted_as"
}

var clientName = (*commonv1.Client)(nil).ProtoReflect().Descriptor().FullName()

func valueHoldsCode(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
	switch {
	case field.IsMap():
		return false
	case field.Kind() == protoreflect.StringKind && !field.IsList():
		return identity.ContainsCode(value.String())
	case field.Kind() == protoreflect.MessageKind && !field.IsList():
		return codeInText(value.Message().Interface())
	case field.Kind() == protoreflect.StringKind:
		for i := range value.List().Len() {
			if identity.ContainsCode(value.List().Get(i).String()) {
				return true
			}
		}
	}
	return false
}

// accessOf is the record of a write, and the digest that tells its body from another.
func (s *Service) accessOf(ctx context.Context, who identity.Caller, r proto.Message) (journal.Access, []byte, error) {
	access, err := s.access(ctx, who)
	if err != nil {
		return access, nil, err
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(r)
	if err != nil {
		return access, nil, fmt.Errorf("concern: marshal request: %w", err)
	}
	return access, s.deps.Secrets.Digest([]byte(access.Method), body), nil
}

// access is who calls what now; subject and client are filled in by whoever
// knows them.
func (s *Service) access(ctx context.Context, who identity.Caller) (journal.Access, error) {
	party := who.Party()
	access := journal.Access{At: s.now(), Role: string(who.Role)}
	if who.System {
		party = &commonv1.Party{Agency: who.Agency, Worker: who.SystemSubject}
		access.OnBehalfOf = who.Worker
	}
	if method, ok := grpc.Method(ctx); ok {
		access.Method = strings.TrimPrefix(method, "/")
	}
	if access.Trace = telemetry.Traceparent(ctx); access.Trace == "" {
		// No span is made here, and the caller's own trace is kept.
		if trace := metadata.ValueFromIncomingContext(ctx, "traceparent"); len(trace) > 0 {
			access.Trace = trace[0]
		}
	}
	var err error
	if access.By, err = proto.Marshal(party); err != nil {
		return access, fmt.Errorf("concern: marshal party: %w", err)
	}
	return access, nil
}

// read is one thing that a reading concerns.
type read struct {
	subject, client string
	basis           *commonv1.LegalBasis
}

const purposeCheck = "open concern of own agency"

// recordReading makes readings durable before anything that was read is returned
// (906/2019 § 17, 703/2023 § 10).
func (s *Service) recordReading(ctx context.Context, who identity.Caller, purpose string, readings ...read) error {
	access, err := s.access(ctx, who)
	if err != nil {
		return err
	}
	access.Purpose = purpose
	batch := journal.Batch{}
	for _, one := range readings {
		access.Subject, access.Client = one.subject, one.client
		if access.Basis, err = proto.Marshal(one.basis); err != nil {
			return fmt.Errorf("concern: marshal basis: %w", err)
		}
		batch.Accesses = append(batch.Accesses, access)
	}
	if len(batch.Accesses) == 0 {
		return nil
	}
	_, err = s.deps.Store.Append(ctx, batch)
	return fault.Store(err)
}

func subjects(standings []journal.Standing) []string {
	names := make([]string, 0, len(standings))
	for _, standing := range standings {
		names = append(names, standing.Subject)
	}
	return names
}
