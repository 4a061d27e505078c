package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

type conversing = grpc.BidiStreamingClient[consultationv1.ConverseRequest, consultationv1.ConverseResponse]

func joinFrame(id, after string) *consultationv1.ConverseRequest {
	return &consultationv1.ConverseRequest{Kind: &consultationv1.ConverseRequest_Join_{Join: &consultationv1.ConverseRequest_Join{ConsultationId: id, AfterMessageId: after}}}
}

func postFrame(id, request, text string, answers bool) *consultationv1.ConverseRequest {
	return &consultationv1.ConverseRequest{Kind: &consultationv1.ConverseRequest_Post{Post: &consultationv1.PostMessageRequest{
		RequestId: request, ConsultationId: id, Text: text, Answers: answers,
	}}}
}

// side is one end of a conversation; what it is told is passed on in order.
type side struct {
	t      *testing.T
	stream conversing
	told   chan *consultationv1.ConverseResponse
	ended  chan error
}

func converse(t *testing.T, ctx context.Context, conn grpc.ClientConnInterface, id, after string) *side {
	t.Helper()
	stream := testkit.Must(consultationv1.NewConsultationServiceClient(conn).Converse(ctx))
	s := &side{t: t, stream: stream, told: make(chan *consultationv1.ConverseResponse, 100), ended: make(chan error, 1)}
	s.send(joinFrame(id, after))
	go func() {
		for {
			response, err := stream.Recv()
			if err != nil {
				s.ended <- err
				return
			}
			s.told <- response
		}
	}()
	return s
}

// follow is the end of a page: it listens.
func follow(t *testing.T, ctx context.Context, conn grpc.ClientConnInterface, id, after string) *side {
	t.Helper()
	stream := testkit.Must(consultationv1.NewConsultationServiceClient(conn).Follow(ctx, &consultationv1.FollowRequest{ConsultationId: id, AfterMessageId: after}))
	s := &side{t: t, told: make(chan *consultationv1.ConverseResponse, 100), ended: make(chan error, 1)}
	go func() {
		for {
			response, err := stream.Recv()
			if err != nil {
				s.ended <- err
				return
			}
			s.told <- response.GetTold()
		}
	}()
	return s
}

func (s *side) send(frame *consultationv1.ConverseRequest) {
	s.t.Helper()
	if err := s.stream.Send(frame); err != nil {
		s.t.Fatal(err)
	}
}

// until waits for what satisfies; what comes before is passed over.
func (s *side) until(what string, satisfies func(*consultationv1.ConverseResponse) bool) *consultationv1.ConverseResponse {
	s.t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		select {
		case response := <-s.told:
			if satisfies(response) {
				return response
			}
		case err := <-s.ended:
			s.t.Fatalf("waiting for %s the stream ended: %v", what, err)
		case <-timeout:
			s.t.Fatalf("no %s", what)
		}
	}
}

func (s *side) message(text string) *consultationv1.ConsultationMessage {
	s.t.Helper()
	return s.until("message "+text, func(r *consultationv1.ConverseResponse) bool { return r.GetMessage().GetText() == text }).GetMessage()
}

func (s *side) receipt(request string) *consultationv1.ConverseResponse_Receipt {
	s.t.Helper()
	return s.until("receipt", func(r *consultationv1.ConverseResponse) bool { return r.GetReceipt().GetRequestId() == request }).GetReceipt()
}

func (s *side) presence(worker string, present bool) {
	s.t.Helper()
	s.until(fmt.Sprintf("presence of %s: %v", worker, present), func(r *consultationv1.ConverseResponse) bool {
		return r.GetPresence().GetParty().GetWorker() == worker && r.GetPresence().GetPresent() == present
	})
}

// Two workers converse, each through another replica, one of them behind the gateway. Each sees who
// is present and who is typing, and posted messages arrive from the journal.
func TestConverse(t *testing.T) {
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 2, []string{"consultation"})
	gateway := testkit.Dial(t, c.Gateways[0].Address)
	replica := c.Replica(t, c.Services["consultation"][1])
	worker, nurse := testkit.As(t, gateway, testkit.County, "ps-21", "social_worker"), testkit.As(t, gateway, testkit.Health, "tk-02", "health_professional")
	stranger := testkit.As(t, gateway, testkit.County, "ps-21", "social_worker")
	service := consultationv1.NewConsultationServiceClient(gateway)
	id := testkit.Insist(t, worker, service.OpenConsultation, testkit.Question()).GetConsultation().GetConsultationId()
	testkit.Insist(t, nurse, service.TakeConsultation, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})

	asking := converse(t, worker, gateway, id, "")
	asking.message("Voiko lääkitys selittää poissaolot?")
	answering := converse(t, nurse, replica, id, "")
	asking.presence("tk-02", true)
	answering.presence("ps-21", true)
	answering.send(&consultationv1.ConverseRequest{Kind: &consultationv1.ConverseRequest_Typing_{Typing: &consultationv1.ConverseRequest_Typing{}}})
	asking.until("typing", func(r *consultationv1.ConverseResponse) bool { return r.GetTyping().GetWorker() == "tk-02" })

	first, refused, answer := uuid.NewString(), uuid.NewString(), uuid.NewString()
	asking.send(postFrame(id, first, "Entä annos?", false))
	posted := asking.receipt(first).GetMessageId()
	if got := answering.message("Entä annos?"); got.GetMessageId() != posted || got.GetFrom().GetWorker() != "ps-21" {
		t.Errorf("posted %s, and %v arrived", posted, got)
	}
	asking.send(postFrame(id, refused, "Vastaan itse.", true))
	if code := asking.receipt(refused).GetError().GetCode(); code != 3 {
		t.Errorf("an answer by the asker: code %d", code)
	}
	answering.send(postFrame(id, answer, "Voi. Annos on pieni.", true))
	last := asking.message("Voi. Annos on pieni.")

	again := converse(t, stranger, gateway, id, posted)
	if got := again.until("message", func(r *consultationv1.ConverseResponse) bool { return r.GetMessage() != nil }).GetMessage(); got.GetMessageId() != last.GetMessageId() {
		t.Errorf("after the first post comes %q", got.GetText())
	}
	// The same worker by another stream is there until both have left.
	if err := answering.stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	asking.presence("tk-02", false)
	testkit.Insist(t, worker, service.CloseConsultation, &consultationv1.CloseConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})
	for name, s := range map[string]*side{"asking": asking, "again": again, "answering": answering} {
		select {
		case err := <-s.ended:
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s: the conversation ended with %v", name, err)
			}
		case <-time.After(30 * time.Second):
			t.Errorf("%s: the consultation is closed, and the stream stands", name)
		}
	}
	strange := testkit.Must(service.Converse(testkit.As(t, gateway, testkit.Health, "kela", "benefit_handler")))
	_ = strange.Send(joinFrame(uuid.NewString(), ""))
	if _, err := strange.Recv(); fault.ReasonOf(err) != fault.NotFound {
		t.Errorf("joined what is not there: %v", err)
	}
}

// A page follows through one replica what is posted through another: it gets the messages that it
// lacks and then a heartbeat, counts as present for the others, sees who is typing, and is told
// when the conversation ends.
func TestFollow(t *testing.T) {
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 2, []string{"consultation"})
	gateway := testkit.Dial(t, c.Gateways[0].Address)
	replica := c.Replica(t, c.Services["consultation"][1])
	worker, nurse := testkit.As(t, gateway, testkit.County, "ps-21", "social_worker"), testkit.As(t, gateway, testkit.Health, "tk-02", "health_professional")
	stranger := testkit.As(t, gateway, testkit.Kela, "kela-17", "benefit_handler")
	service := consultationv1.NewConsultationServiceClient(gateway)
	id := testkit.Insist(t, worker, service.OpenConsultation, testkit.Question()).GetConsultation().GetConsultationId()
	testkit.Insist(t, nurse, service.TakeConsultation, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})
	first := testkit.Insist(t, worker, service.GetConsultation, &consultationv1.GetConsultationRequest{ConsultationId: id}).GetConsultation().GetMessages()[0]
	said := testkit.Insist(t, worker, service.PostMessage, &consultationv1.PostMessageRequest{RequestId: uuid.NewString(), ConsultationId: id, Text: "Entä annos?"}).GetMessage()

	page := follow(t, worker, gateway, id, first.GetMessageId())
	if got := (<-page.told).GetMessage(); got.GetMessageId() != said.GetMessageId() {
		t.Errorf("after the question comes %v", got)
	}
	if beat := <-page.told; beat.GetHeartbeat() == nil {
		t.Errorf("all was sent, and then comes %v", beat)
	}
	answering := converse(t, nurse, replica, id, said.GetMessageId())
	page.presence("tk-02", true)
	answering.presence("ps-21", true)

	typing := func(who context.Context) error {
		_, err := service.SignalTyping(who, &consultationv1.SignalTypingRequest{ConsultationId: id})
		return err
	}
	if err := typing(worker); err != nil {
		t.Fatal(err)
	}
	answering.until("typing", func(r *consultationv1.ConverseResponse) bool { return r.GetTyping().GetWorker() == "ps-21" })
	answering.send(postFrame(id, uuid.NewString(), "Annos on pieni.", true))
	page.until("the answer, and before it no typing of its own", func(r *consultationv1.ConverseResponse) bool {
		if r.GetTyping().GetWorker() == "ps-21" {
			t.Error("a page is told that its own worker types")
		}
		return r.GetMessage().GetText() == "Annos on pieni."
	})
	for name, err := range map[string]error{
		"typing": typing(stranger),
		"following": func() error {
			_, err := testkit.Must(service.Follow(stranger, &consultationv1.FollowRequest{ConsultationId: id})).Recv()
			return err
		}(),
	} {
		if fault.ReasonOf(err) != fault.NotFound {
			t.Errorf("%s where nobody knows of it: %v", name, err)
		}
	}
	if _, err := testkit.Must(service.Follow(worker, &consultationv1.FollowRequest{ConsultationId: id, AfterMessageId: uuid.NewString()})).Recv(); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("after a message that is not: %v", err)
	}
	testkit.Insist(t, worker, service.CloseConsultation, &consultationv1.CloseConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})
	if err := <-page.ended; !errors.Is(err, io.EOF) {
		t.Errorf("the conversation ended with %v", err)
	}
}

// A participant whose process has died is reported as having left once nothing was heard from it
// for a while.
func TestLongPresenceOfTheDead(t *testing.T) {
	t.Parallel()
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 2, []string{"consultation"})
	gateway := testkit.Dial(t, c.Gateways[0].Address)
	replicas := c.Services["consultation"]
	worker, nurse := testkit.As(t, gateway, testkit.County, "ps-21", "social_worker"), testkit.As(t, gateway, testkit.Health, "tk-02", "health_professional")
	here, there := c.Replica(t, replicas[0]), c.Replica(t, replicas[1])
	id := testkit.Insist(t, worker, consultationv1.NewConsultationServiceClient(here).OpenConsultation, testkit.Question()).GetConsultation().GetConsultationId()
	asking := converse(t, worker, here, id, "")
	converse(t, nurse, there, id, "")
	asking.presence("tk-02", true)
	replicas[1].End(syscall.SIGKILL)
	asking.presence("tk-02", false)
	// Whoever is left goes on.
	request := uuid.NewString()
	asking.send(postFrame(id, request, "Oletko vielä siellä?", false))
	if asking.receipt(request).GetMessageId() == "" {
		t.Error("what is posted is refused")
	}
}

// Two sides post, each through another replica, while the replicas are killed again and again. Each
// message is stored once, and arrives at the other side in order.
func TestLongConverseLosesNothing(t *testing.T) {
	const posts, kills = 60, 6
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 2, []string{"consultation"})
	gateway := testkit.Dial(t, c.Gateways[0].Address)
	worker, nurse := testkit.As(t, gateway, testkit.County, "ps-21", "social_worker"), testkit.As(t, gateway, testkit.Health, "tk-02", "health_professional")
	service := consultationv1.NewConsultationServiceClient(gateway)
	id := testkit.Insist(t, worker, service.OpenConsultation, testkit.Question()).GetConsultation().GetConsultationId()
	testkit.Insist(t, nurse, service.TakeConsultation, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})

	replicas := c.Services["consultation"]
	progress := make(chan struct{}, 2*posts)
	sides := []*persistent{
		{t: t, ctx: worker, conn: c.Replica(t, replicas[0]), id: id, name: "a", total: 2 * posts},
		{t: t, ctx: nurse, conn: c.Replica(t, replicas[1]), id: id, name: "b", total: 2 * posts},
	}
	var group sync.WaitGroup
	for _, s := range sides {
		group.Go(func() { s.run(posts, progress) })
	}
	for i := range kills {
		for range posts / kills {
			<-progress
		}
		replicas[i%2].End(syscall.SIGKILL)
		replicas[i%2].Start()
	}
	group.Wait()
	messages := testkit.Insist(t, worker, service.GetConsultation, &consultationv1.GetConsultationRequest{ConsultationId: id}).GetConsultation().GetMessages()
	var stored []string
	for _, message := range messages[1:] {
		stored = append(stored, message.GetText())
	}
	for _, s := range sides {
		var own []string
		for i := range posts {
			own = append(own, fmt.Sprintf("%s-%d", s.name, i))
		}
		kept := slices.DeleteFunc(slices.Clone(stored), func(text string) bool { return text[:1] != s.name })
		if !slices.Equal(kept, own) {
			t.Errorf("%s posted %v, and %v is kept", s.name, own, kept)
		}
		if !slices.Equal(s.seen[1:], stored) {
			t.Errorf("%s has seen %v, and there is %v", s.name, s.seen[1:], stored)
		}
	}
	c.Fsck()
}

// persistent is a side that joins again whenever its stream breaks, from the last
// message that it has, and posts again what got no receipt, with the same request_id.
type persistent struct {
	t     *testing.T
	ctx   context.Context
	conn  grpc.ClientConnInterface
	id    string
	name  string
	total int
	// seen are the texts that arrived, and last the last one's id.
	seen []string
	last string
}

func (p *persistent) run(posts int, progress chan<- struct{}) {
	next, request := 0, uuid.NewString()
	for deadline := time.Now().Add(3 * time.Minute); len(p.seen) < p.total+1; {
		if time.Now().After(deadline) {
			p.t.Errorf("%s has seen %d of %d", p.name, len(p.seen), p.total+1)
			return
		}
		ctx, cancel := context.WithCancel(p.ctx)
		stream, err := consultationv1.NewConsultationServiceClient(p.conn).Converse(ctx, grpc.WaitForReady(true))
		if err == nil {
			_ = stream.Send(joinFrame(p.id, p.last))
			if next < posts {
				_ = stream.Send(postFrame(p.id, request, fmt.Sprintf("%s-%d", p.name, next), false))
			}
			for len(p.seen) < p.total+1 {
				response, err := stream.Recv()
				if err != nil {
					break
				}
				if message := response.GetMessage(); message != nil {
					p.seen, p.last = append(p.seen, message.GetText()), message.GetMessageId()
				}
				if receipt := response.GetReceipt(); receipt.GetMessageId() != "" && receipt.GetRequestId() == request {
					progress <- struct{}{}
					if next, request = next+1, uuid.NewString(); next < posts {
						_ = stream.Send(postFrame(p.id, request, fmt.Sprintf("%s-%d", p.name, next), false))
					}
				} else if receipt.GetError() != nil {
					break
				}
			}
		}
		cancel()
	}
}
