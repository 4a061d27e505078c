//go:build bench

package bench

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/pkg/identity"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

type exchangeStream = grpc.BidiStreamingClient[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse]

// county is the receiving agency's system.
func (h *harness) county() context.Context {
	return h.as(identity.Caller{Agency: "hva-pohjois-savo", Role: identity.RoleSystem, SystemSubject: "ps-1"})
}

// open opens a standing stream, and returns it once it is open.
func (h *harness) open(ctx context.Context, conn grpc.ClientConnInterface, open *exchangev1.ExchangeRequest_Open) exchangeStream {
	h.t.Helper()
	stream, err := exchangev1.NewExchangeServiceClient(conn).Exchange(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := stream.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: open}}); err != nil {
		h.t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		h.t.Fatal(err)
	}
	return stream
}

func acknowledge(stream exchangeStream, cursor string) error {
	return stream.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Acknowledge_{Acknowledge: &exchangev1.ExchangeRequest_Acknowledge{Cursor: cursor}}})
}

// messages hands the deliveries of a stream on, each acknowledged in its time.
func (h *harness) messages(stream exchangeStream) <-chan time.Time {
	came := make(chan time.Time, 1000)
	go func() {
		defer close(came)
		for n := 1; ; n++ {
			response, err := stream.Recv()
			if err != nil {
				return
			}
			if response.GetDelivery() == nil {
				continue
			}
			came <- time.Now()
			if n%50 == 0 && acknowledge(stream, response.GetDelivery().GetCursor()) != nil {
				return
			}
		}
	}()
	return came
}

// looping measures how long a command is under way until its message is at the other
// agency's open stream, beside an echo and a commit of one row.
func (h *harness) looping(f figures) {
	ctx, end := context.WithCancel(h.county())
	defer end()
	// From the end of the mailbox on.
	last, err := exchangev1.NewExchangeServiceClient(h.one).OpenConsumer(ctx, &exchangev1.OpenConsumerRequest{Consumer: "loop"})
	if err != nil {
		h.t.Fatal(err)
	}
	cursor := last.GetCursor()
	for backlog := last.GetBacklog(); backlog > 0; {
		page, err := exchangev1.NewExchangeServiceClient(h.one).ListMessages(ctx, &exchangev1.ListMessagesRequest{Cursor: cursor, PageSize: 1000, Consumer: "loop", Takeover: last.GetTakeover()})
		if err != nil {
			h.t.Fatal(err)
		}
		cursor, backlog = page.GetNextCursor(), page.GetBacklog()
	}
	came := h.messages(h.open(ctx, h.one, &exchangev1.ExchangeRequest_Open{Consumer: "loop", Cursor: cursor}))
	row := h.connect()
	for range rounds {
		var loops, plain []float64
		for began := time.Now(); time.Since(began) < 2*length; {
			sent := time.Now()
			if err := h.submit(h.one); err != nil {
				h.t.Fatal(err)
			}
			loops = append(loops, (<-came).Sub(sent).Seconds()*1000)
			sent = time.Now()
			if err := h.echoOnce(); err != nil {
				h.t.Fatal(err)
			}
			if _, err := row.Exec(h.t.Context(), "INSERT INTO bare (body) VALUES ($1)", make([]byte, 600)); err != nil {
				h.t.Fatal(err)
			}
			plain = append(plain, time.Since(sent).Seconds()*1000)
		}
		f["loop_p50_ms"] = append(f["loop_p50_ms"], quantile(loops, 0.5))
		f["loop_p99_ms"] = append(f["loop_p99_ms"], quantile(loops, 0.99))
		f["echo_and_row_p50_ms"] = append(f["echo_and_row_p50_ms"], quantile(plain, 0.5))
	}
}

func quantile(values []float64, q float64) float64 {
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}
