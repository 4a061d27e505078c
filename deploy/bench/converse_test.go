//go:build bench

package bench

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"koppi.internal/deploy/suite"
	"koppi.internal/pkg/identity"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation"
)

type conversing = grpc.BidiStreamingClient[consultationv1.ConverseRequest, consultationv1.ConverseResponse]

// join joins a conversation and returns it once the question is there.
func (h *harness) join(ctx context.Context, conn grpc.ClientConnInterface, id string) conversing {
	h.t.Helper()
	stream, err := consultationv1.NewConsultationServiceClient(conn).Converse(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	join := &consultationv1.ConverseRequest{Kind: &consultationv1.ConverseRequest_Join_{Join: &consultationv1.ConverseRequest_Join{ConsultationId: id}}}
	if err := stream.Send(join); err != nil {
		h.t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		h.t.Fatal(err)
	}
	return stream
}

// postsPerConversation keeps conversations as short as they are.
const postsPerConversation = 20

// conversing measures how long a message is under way that is posted on a stream to
// one replica, until it is at the other side's stream from another.
func (h *harness) conversing(f figures) {
	service := suite.Services[slices.IndexFunc(suite.Services, func(s suite.Service) bool { return s.Name == consultation.Name })]
	one, other := h.replicas(h.other(service)), h.replicas(h.other(service))
	nurse := h.as(identity.Caller{Agency: "terveys-pohjois-savo", Unit: "terveysasema-kuopio", Worker: "tk-02", Role: identity.RoleHealthProfessional})
	for range rounds {
		var ways []float64
		for began := time.Now(); time.Since(began) < 2*length; {
			ways = append(ways, h.conversation(one, other, nurse)...)
		}
		f["converse_p50_ms"] = append(f["converse_p50_ms"], quantile(ways, 0.5))
		f["converse_p99_ms"] = append(f["converse_p99_ms"], quantile(ways, 0.99))
	}
}

func (h *harness) conversation(one, other grpc.ClientConnInterface, nurse context.Context) []float64 {
	h.t.Helper()
	asked, err := consultationv1.NewConsultationServiceClient(one).OpenConsultation(h.worker, &consultationv1.OpenConsultationRequest{
		RequestId: uuid.NewString(), Addressee: &commonv1.Party{Agency: "terveys-pohjois-savo", Unit: "terveysasema-kuopio"},
		Basis: &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA, Provision: "703/2023 § 31"},
		Topic: "Lääkitys", Question: "Voiko?", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	id := asked.GetConsultation().GetConsultationId()
	asking, endAsking := context.WithCancel(h.worker)
	answering, endAnswering := context.WithCancel(nurse)
	defer endAsking()
	defer endAnswering()
	posting, reading := h.join(asking, one, id), h.join(answering, other, id)
	go func() {
		for {
			if _, err := posting.Recv(); err != nil {
				return
			}
		}
	}()
	var ways []float64
	for range postsPerConversation {
		sent := time.Now()
		post := &consultationv1.ConverseRequest{Kind: &consultationv1.ConverseRequest_Post{Post: &consultationv1.PostMessageRequest{
			RequestId: uuid.NewString(), ConsultationId: id, Text: "Entä annos?",
		}}}
		if err := posting.Send(post); err != nil {
			h.t.Fatal(err)
		}
		for {
			response, err := reading.Recv()
			if err != nil {
				h.t.Fatal(err)
			}
			if response.GetMessage() != nil {
				break
			}
		}
		ways = append(ways, time.Since(sent).Seconds()*1000)
	}
	return ways
}
