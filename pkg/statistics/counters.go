// Package statistics serves what a service has counted of its matters. What is shown of it is decided in
// the subpackage gateway.
package statistics

import (
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// counterPart is the most rows in one part of a `Tally` response.
const counterPart = 10000

// Counters serves what one service has counted.
type Counters struct {
	Counters journal.Counters
	Secrets  *identity.Secrets
	Clock    clock.Clock
}

// Tally sends the counters of a month.
func (c *Counters) Tally(r *caseworkv1.TallyRequest, stream grpc.ServerStreamingServer[caseworkv1.TallyResponse]) error {
	first := &caseworkv1.TallyResponse{Now: timestamppb.New(c.Clock.Now())}
	if r.GetMonth() == "" {
		var err error
		if first.FirstMonth, err = c.Counters.FirstMonth(stream.Context()); err != nil {
			return fault.Store(err)
		}
		return stream.Send(first)
	}
	counts, err := c.Counters.Counts(stream.Context(), r.GetMonth())
	if err != nil {
		return fault.Store(err)
	}
	for _, row := range counts {
		if !matter.Count(row.What).IsStatistic() {
			continue
		}
		first.Counts = append(first.Counts, &caseworkv1.TallyResponse_Count{
			Sender: row.Sender, Receiver: row.Receiver, What: row.What, Loops: row.Subjects,
		})
	}
	if err := stream.Send(first); err != nil {
		return err
	}
	if err := c.sendWaits(r.GetMonth(), stream); err != nil {
		return err
	}
	return c.sendContacts(r.GetMonth(), stream)
}

func (c *Counters) sendWaits(month string, stream grpc.ServerStreamingServer[caseworkv1.TallyResponse]) error {
	waits, err := c.Counters.Waits(stream.Context(), month)
	if err != nil {
		return fault.Store(err)
	}
	for part := range slices.Chunk(waits, counterPart) {
		response := &caseworkv1.TallyResponse{}
		for _, row := range part {
			response.Waits = append(response.Waits, &caseworkv1.TallyResponse_Wait{
				Sender: row.Sender, Receiver: row.Receiver, Seconds: int64(row.Waited / time.Second),
			})
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

func (c *Counters) sendContacts(month string, stream grpc.ServerStreamingServer[caseworkv1.TallyResponse]) error {
	from, to, err := matter.MonthSpan(month)
	if err != nil {
		return err
	}
	encounters, err := c.Counters.Encounters(stream.Context(), from, to)
	if err != nil {
		return fault.Store(err)
	}
	for part := range slices.Chunk(encounters, counterPart) {
		response := &caseworkv1.TallyResponse{}
		for _, row := range part {
			contact, err := c.contact(row)
			if err != nil {
				return err
			}
			if contact != nil {
				response.Doors = append(response.Doors, contact)
			}
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

// contact returns a unit or worker with which a client had an encounter; nil if only an agency's
// system acted.
func (c *Counters) contact(met journal.Encounter) (*caseworkv1.TallyResponse_Door, error) {
	by := &commonv1.Party{}
	if err := proto.Unmarshal(met.By, by); err != nil {
		return nil, err
	}
	kind, name := "worker", by.GetWorker()
	if name == "" {
		kind, name = "unit", by.GetUnit()
	}
	if name == "" {
		return nil, nil
	}
	return &caseworkv1.TallyResponse_Door{
		Client: c.Secrets.Digest([]byte("met"), []byte(met.Client)),
		Door:   c.Secrets.Digest([]byte("door"), []byte(kind), []byte(by.GetAgency()), []byte(name)),
	}, nil
}
