package accesslog

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	kelaWorker = "kela-17;toimeentulotuki;benefit_handler"
	stranger   = "kela-99;toimeentulotuki;benefit_handler"
	// kelaSystem is the subject of Kela's system.
	kelaSystem = "kelmu"
	leader     = "kela-17;toimeentulotuki;team_leader"
)

// acting is a Koppi whose directory limits the systems of Kela to benefit handlers whom Kela's colleagues
// include.
type acting struct {
	*testkit.Fixture

	t        *testing.T
	concerns concernv1.ConcernServiceClient
	casework caseworkv1.CaseworkServiceClient
	streams  exchangev1.ExchangeServiceClient
}

func newActing(t *testing.T) *acting {
	t.Helper()
	text := strings.Replace(string(config.Directory), `{"agency": "kela",`,
		`{"agency": "kela", "onBehalfOf": [{"roles": ["benefit_handler"], "colleaguesOnly": true}],`, 1)
	f := testkit.NewFixtureWith(t, allinone.Config{Directory: testkit.Must(directory.Parse([]byte(text)))})
	f.Tokens["system"] = f.Token(scenario.CastParty{Agency: "kela", Worker: kelaSystem, Role: "system"})
	conn := f.Conn()
	return &acting{f, t, concernv1.NewConcernServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn), exchangev1.NewExchangeServiceClient(conn)}
}

// as is Kela's system, with the header if a worker is named.
func (a *acting) as(worker string) context.Context {
	if worker == "" {
		return a.As("system")
	}
	return metadata.AppendToOutgoingContext(a.As("system"), identity.MetadataOnBehalfOf, worker)
}

// stream opens a stream with or without the header.
func (a *acting) stream(header, consumer string) exchangev1.ExchangeService_ExchangeClient {
	a.t.Helper()
	stream := testkit.Must(a.streams.Exchange(a.as(header)))
	if err := stream.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &exchangev1.ExchangeRequest_Open{Consumer: consumer}}}); err != nil {
		a.t.Fatal(err)
	}
	return stream
}

// send sends a request for a worker and returns its receipt.
func (a *acting) send(stream exchangev1.ExchangeService_ExchangeClient, id, worker string, request proto.Message) (*exchangev1.ExchangeResponse_Receipt, fault.Reason) {
	a.t.Helper()
	send := &exchangev1.ExchangeRequest_Send{RequestId: id, Request: testkit.Must(anypb.New(request)), OnBehalfOf: worker}
	if err := stream.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Send_{Send: send}}); err != nil {
		a.t.Fatal(err)
	}
	for {
		answer, err := stream.Recv()
		if err != nil {
			a.t.Fatal(err)
		}
		if receipt := answer.GetReceipt(); receipt.GetRequestId() == id {
			return receipt, fault.ReasonOf(status.FromProto(receipt.GetError()).Err())
		}
	}
}

// A request on a stream that names a worker is what a call with the header is: the worker's, within the limits
// of the directory, once for its request_id. Stream and request may not differ.
func TestSendOnBehalfOf(t *testing.T) {
	a := newActing(t)
	a.known("kela-17")
	submission := testkit.Submission()
	submission.Client, submission.RequestId = testkit.Anna(), ""
	stream, id := a.stream("", "one"), uuid.NewString()
	for worker, want := range map[string]fault.Reason{
		stranger: fault.OnBehalfNotAllowed, leader: fault.OnBehalfNotAllowed, "kela-17": fault.InvalidField,
		"kela-17;nowhere;benefit_handler": fault.UnknownParty,
	} {
		if receipt, got := a.send(stream, uuid.NewString(), worker, submission); got != want {
			t.Errorf("sent for %q: %v, want %q", worker, receipt, want)
		}
	}
	receipt, _ := a.send(stream, id, kelaWorker, submission)
	made := &concernv1.SubmitConcernResponse{}
	if err := receipt.GetResponse().UnmarshalTo(made); err != nil {
		t.Fatal(receipt, err)
	}
	if by := made.GetConcern().GetReporter(); by.GetWorker() != "kela-17" || by.GetUnit() != "toimeentulotuki" {
		t.Errorf("reported by %v", by)
	}
	repeated, _ := a.send(stream, id, kelaWorker, submission)
	again := &concernv1.SubmitConcernResponse{}
	if err := repeated.GetResponse().UnmarshalTo(again); err != nil || again.GetConcern().GetConcernId() != made.GetConcern().GetConcernId() {
		t.Errorf("repeated on the stream: %v, %v", repeated, err)
	}
	submission.RequestId = id
	called, err := a.concerns.SubmitConcern(a.as(kelaWorker), submission)
	if err != nil || called.GetConcern().GetConcernId() != made.GetConcern().GetConcernId() {
		t.Errorf("repeated by a call: %v, %v", called, err)
	}
	if _, err := a.concerns.SubmitConcern(a.as(stranger), submission); fault.ReasonOf(err) != fault.OnBehalfNotAllowed {
		t.Errorf("repeated for a stranger: %v", err)
	}
	read := &concernv1.GetConcernRequest{ConcernId: made.GetConcern().GetConcernId()}
	headed := a.stream(kelaWorker, "two")
	a.known("kela-18")
	for worker, want := range map[string]fault.Reason{
		"": "", kelaWorker: "", "kela%2D17;toimeentulotuki;benefit_handler": "", "kela-18;toimeentulotuki;benefit_handler": fault.InvalidField,
	} {
		if receipt, got := a.send(headed, uuid.NewString(), worker, read); got != want {
			t.Errorf("sent for %q where the stream has the header: %v, want %q", worker, receipt, want)
		}
	}
}

// The limits of the directory hold for each way to call, and who is refused becomes no colleague by it. A
// change of the directory holds from the next call on.
func TestLimitsOnBehalfOf(t *testing.T) {
	a := newActing(t)
	list := func(worker string) fault.Reason {
		_, err := a.concerns.ListConcerns(a.as(worker), &concernv1.ListConcernsRequest{Sent: true})
		return fault.ReasonOf(err)
	}
	for range 2 {
		if got := list(kelaWorker); got != fault.OnBehalfNotAllowed {
			t.Errorf("before it is known: %q", got)
		}
	}
	status, body := a.post("GetAgencies", `{}`, kelaWorker)
	if status != http.StatusForbidden || !strings.Contains(body, "ON_BEHALF_NOT_ALLOWED") || !strings.Contains(body, "PutColleague") || strings.Contains(body, "kela-17") {
		t.Errorf("over JSON: %d %s", status, body)
	}
	if _, err := a.concerns.ListConcerns(a.As("kela"), &concernv1.ListConcernsRequest{Sent: true}); err != nil {
		t.Errorf("the worker itself: %v", err)
	}
	// The worker has signed in, and so is a colleague.
	if got := list(kelaWorker); got != "" {
		t.Errorf("a colleague: %q", got)
	}
	a.known("kela-99")
	for worker, want := range map[string]fault.Reason{stranger: "", leader: fault.OnBehalfNotAllowed} {
		if got := list(worker); got != want {
			t.Errorf("%s: %q", worker, got)
		}
	}
	a.put(&caseworkv1.Colleague{Party: &commonv1.Party{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-99"}, Left: true})
	if got := list(stranger); got != fault.OnBehalfNotAllowed {
		t.Errorf("one who has left: %q", got)
	}
}

// An agency sees in the access log both the worker and the system that called for the worker, by call or on a
// stream. The client sees no more than before.
func TestAccessLogOnBehalfOf(t *testing.T) {
	a := newActing(t)
	a.known("kela-17")
	submission := testkit.Submission()
	submission.Client = testkit.Anna()
	concern := testkit.Must(a.concerns.SubmitConcern(a.As("kela"), submission)).GetConcern()
	read := &concernv1.GetConcernRequest{ConcernId: concern.GetConcernId()}
	testkit.Must(a.concerns.GetConcern(a.as(kelaWorker), read))
	testkit.Must(a.concerns.GetConcern(a.as(""), read))
	if receipt, reason := a.send(a.stream("", "log"), uuid.NewString(), kelaWorker, read); reason != "" {
		t.Fatal(receipt)
	}
	counts := map[string]int{}
	for _, one := range testkit.Must(a.casework.ListAccesses(a.As("kela"), &caseworkv1.ListAccessesRequest{ClientId: concern.GetClientId(), PageSize: 1000})).GetAccesses() {
		if !strings.HasSuffix(one.GetMethod(), "/ListAccesses") {
			what := one.GetMethod()[strings.LastIndexByte(one.GetMethod(), '/')+1:] + " " + one.GetBy().GetWorker() + " through " + one.GetSystem()
			counts[strings.TrimSpace(what)]++
		}
	}
	for what, want := range map[string]int{
		"SubmitConcern kela-17 through": 1, "GetConcern kela-17 through " + kelaSystem: 2, "GetConcern " + kelaSystem + " through " + kelaSystem: 1,
	} {
		if counts[what] != want {
			t.Errorf("%q stands %d times in %v", what, counts[what], counts)
		}
	}
	for _, one := range testkit.Must(a.casework.ListAccesses(a.As("client"), &caseworkv1.ListAccessesRequest{PageSize: 1000})).GetAccesses() {
		bySystem := strings.HasSuffix(one.GetMethod(), "/GetConcern")
		if one.GetSystem() != "" || bySystem && (one.GetBy().GetWorker() != "" || one.GetBy().GetUnit() != "") {
			t.Errorf("the client is told %v", one)
		}
	}
}

// known records a worker as a colleague.
func (a *acting) known(worker string) {
	a.t.Helper()
	a.put(&caseworkv1.Colleague{Party: &commonv1.Party{Agency: "kela", Unit: "toimeentulotuki", Worker: worker}})
}

func (a *acting) put(colleague *caseworkv1.Colleague) {
	a.t.Helper()
	testkit.Must(a.casework.PutColleague(a.as(""), &caseworkv1.PutColleagueRequest{RequestId: uuid.NewString(), Colleague: colleague}))
}

// post calls casework over Connect with a JSON body, as curl does.
func (a *acting) post(method, body, worker string) (status int, answer string) {
	a.t.Helper()
	request := testkit.Must(http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.Address+"/koppi.casework.v1.CaseworkService/"+method, bytes.NewReader([]byte(body))))
	for name, value := range map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + a.Tokens["system"], "Koppi-On-Behalf-Of": worker} {
		request.Header.Set(name, value)
	}
	response := testkit.Must(http.DefaultClient.Do(request))
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, string(testkit.Must(io.ReadAll(response.Body)))
}
