package refusals

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	front "koppi.internal/gateway/suite"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/service"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// methods are all of Koppi's contract, by their full names.
func methods() map[string]protoreflect.MethodDescriptor {
	all := map[string]protoreflect.MethodDescriptor{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				if strings.HasPrefix(string(service.FullName()), "koppi.") {
					all["/"+string(service.FullName())+"/"+string(service.Methods().Get(j).Name())] = service.Methods().Get(j)
				}
			}
		}
		return true
	})
	return all
}

// asks calls a method with an empty request and returns how it ends.
func asks(ctx context.Context, conn grpc.ClientConnInterface, method string, described protoreflect.MethodDescriptor) error {
	kind := func(message protoreflect.MessageDescriptor) proto.Message {
		return testkit.Must(protoregistry.GlobalTypes.FindMessageByName(message.FullName())).New().Interface()
	}
	in, out := kind(described.Input()), kind(described.Output())
	if !described.IsStreamingClient() && !described.IsStreamingServer() {
		return conn.Invoke(ctx, method, in, out)
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
	if err != nil {
		return err
	}
	// What was refused at once says so when it is received.
	_ = stream.SendMsg(in)
	_ = stream.CloseSend()
	return stream.RecvMsg(out)
}

// TestLongProcessesAskEachOtherByToken: over the network, each service refuses every method of the
// whole contract to a caller without credentials, and the methods between Koppi's processes to a
// caller with a token of any role.
func TestLongProcessesAskEachOtherByToken(t *testing.T) {
	t.Parallel()
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 1, nil)
	issuer := testkit.Must(identity.OpenSuiteIssuer(c.Secrets, idcode.AllPersons))
	callers := map[string]identity.Caller{
		"an operator": {Role: identity.RoleOperator, Worker: "op-1"}, "a system": {Agency: "kela", Role: identity.RoleSystem, System: true, SystemSubject: "kelmu"},
		"a worker": {Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: identity.RoleBenefitHandler}, "a client": {Role: identity.RoleClient, Client: "inner"},
	}
	closed := 0
	for name, replicas := range c.Services {
		conn := testkit.Must(process.Calling{}.Dial([]string{replicas[0].Address}))
		defer func() { _ = conn.Close() }()
		for method, described := range methods() {
			if strings.HasPrefix(method, "/koppi.dev.") {
				continue // on trial it gives out tokens
			}
			if err := asks(t.Context(), conn, method, described); status.Code(err) != codes.Unauthenticated && status.Code(err) != codes.Unimplemented {
				t.Errorf("%s answers %s without a token: %v", name, method, err)
			}
			if !service.SuiteMethods(name)(method) {
				continue
			}
			for who, caller := range callers {
				ctx := testkit.WithToken(t, testkit.Must(issuer.Issue(caller, time.Now(), time.Minute)))
				switch err := asks(ctx, conn, method, described); {
				case fault.ReasonOf(err) == fault.RoleNotAllowed:
					closed++
				case status.Code(err) != codes.Unimplemented:
					t.Errorf("%s answers %s to %s: %v", name, method, who, err)
				}
			}
		}
		// The suite itself is answered.
		suite := testkit.WithToken(t, testkit.Must(issuer.Issue(identity.Caller{Role: identity.RoleSuite}, time.Now(), time.Minute)))
		if _, err := caseworkv1.NewSuiteServiceClient(conn).Oversee(suite, &caseworkv1.OverseeRequest{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if closed == 0 {
		t.Error("no internal method is there: the walk finds nothing")
	}
	gateway := testkit.Must(process.Calling{}.Dial([]string{c.Gateways[0].Address}))
	defer func() { _ = gateway.Close() }()
	for method, described := range methods() {
		if strings.Contains(strings.Join(outside(), " "), strings.Split(method, "/")[1]) || strings.HasPrefix(method, "/koppi.dev.") {
			continue
		}
		if err := asks(t.Context(), gateway, method, described); status.Code(err) != codes.Unimplemented {
			t.Errorf("the gateway passes %s on: %v", method, err)
		}
	}
}

// outside are the services that a gateway serves.
func outside() []string { return append(allinone.Served(), front.Services["concern"]) }

// TestARequestIdIsOne: a request_id in other letter case is the same request, in a call and on a
// stream; a subject in other letter case is the same subject.
func TestARequestIdIsOne(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	kela, concerns := f.As("kela"), concernv1.NewConcernServiceClient(conn)
	first := testkit.Submission()
	first.Client = &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}}
	again := proto.CloneOf(first)
	again.RequestId = strings.ToUpper(first.GetRequestId())
	id := testkit.Insist(t, kela, concerns.SubmitConcern, first).GetConcern().GetConcernId()
	if other := testkit.Insist(t, kela, concerns.SubmitConcern, again).GetConcern().GetConcernId(); other != id {
		t.Errorf("the same request made %s and %s", id, other)
	}
	again.Description = "Muuta."
	if _, err := concerns.SubmitConcern(kela, again); fault.ReasonOf(err) != fault.RequestIDReused {
		t.Errorf("another request under the same id: %v", err)
	}
	got, err := concerns.GetConcern(kela, &concernv1.GetConcernRequest{ConcernId: strings.ToUpper(id)})
	if err != nil || got.GetConcern().GetConcernId() != id {
		t.Errorf("%v %v", got.GetConcern().GetConcernId(), err)
	}
	for _, form := range []string{"{" + first.GetRequestId() + "}", "urn:uuid:" + first.GetRequestId()} {
		again.RequestId = form
		if _, err := concerns.SubmitConcern(kela, again); fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// TestNobodyPostpones: a question with a due time in the year 9999 is refused with the field named,
// and the matter does not change.
func TestNobodyPostpones(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	kela, county, concerns := f.As("kela"), f.As("county"), concernv1.NewConcernServiceClient(conn)
	r := testkit.Submission()
	r.Client, r.Basis = &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}}, testkit.Consented()
	id := testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	before := testkit.Insist(t, county, concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}).GetConcern()
	for _, due := range []time.Time{time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), time.Now().AddDate(1, 0, 2), time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)} {
		_, err := concerns.RequestInformation(county, &concernv1.RequestInformationRequest{
			RequestId: uuid.NewString(), ConcernId: id, Question: "Mikä on tilanne?", DueAt: timestamppb.New(due),
		})
		if fault.ReasonOf(err) != fault.InvalidField || !strings.Contains(status.Convert(err).Proto().String(), "due_at") {
			t.Errorf("due %v: %v", due, err)
		}
	}
	if after := testkit.Insist(t, county, concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}).GetConcern(); !proto.Equal(before, after) {
		t.Errorf("it was changed: %v", after)
	}
}

// TestMonthsThatAreNone: statistics of months at the end of time are refused, and the process keeps
// answering.
func TestMonthsThatAreNone(t *testing.T) {
	f := testkit.NewFixture(t)
	casework := caseworkv1.NewCaseworkServiceClient(f.Conn())
	for _, months := range [][2]string{{"9999-11", "9999-12"}, {"0000-01", "0000-01"}, {"2100-01", "2100-02"}, {"1999-12", "2000-01"}, {"2099-11", "2099-12"}} {
		_, err := casework.GetStatistics(f.As("kela"), &caseworkv1.GetStatisticsRequest{FromMonth: months[0], ToMonth: months[1]})
		if fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("%v: %v", months, err)
		}
	}
}

// TestUploadsHaveAQuota: a worker who uploads without naming the uploads in a message is refused,
// with the reason, what to do and when. Others of the agency can still upload. An upload that a
// message names no longer counts.
func TestUploadsHaveAQuota(t *testing.T) {
	f := testkit.NewFixtureWith(t, allinone.Config{Uploads: limit.Uploads{Waiting: 5, WorkerWaiting: 3, MiB: 100, WorkerMiB: 60}})
	attachments := attachmentv1.NewAttachmentServiceClient(f.Conn())
	start := func(ctx context.Context, size int64) error {
		_, err := attachments.StartUpload(ctx, &attachmentv1.StartUploadRequest{RequestId: uuid.NewString(), Filename: "lasku.pdf", MediaType: "application/pdf", SizeBytes: size})
		return err
	}
	kela := f.As("kela")
	if err := start(kela, 50<<20); err != nil {
		t.Fatal(err)
	}
	if err := start(kela, 20<<20); fault.ReasonOf(err) != fault.UploadsWaiting || status.Code(err) != codes.ResourceExhausted || !strings.Contains(status.Convert(err).Proto().String(), "retry_after") {
		t.Errorf("too many bytes: %v", err)
	}
	for range 2 {
		if err := start(kela, 1); err != nil {
			t.Error(err)
		}
	}
	if err := start(kela, 1); fault.ReasonOf(err) != fault.UploadsWaiting {
		t.Errorf("too many: %v", err)
	}
	if err := start(f.As("system"), 1); err != nil {
		t.Errorf("the agency's system: %v", err)
	}
	if err := start(f.As("county"), 50<<20); err != nil {
		t.Errorf("another agency: %v", err)
	}
	if err := start(f.As("client"), 1); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("a client uploads: %v", err)
	}
}
