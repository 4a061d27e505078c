//go:build bench

package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/process"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// behind is how far the reader is that catches up.
const behind = 100_000

// growing measures accepted commands with 10^4, 10^5 and 10^6 events stored, each in a
// database of its own, and a reader that catches up in the largest.
func (h *harness) growing(f figures) {
	grown := h.env.NewDatabase()
	measured := map[string]func() float64{}
	var largest grpc.ClientConnInterface
	stored := 0
	for _, size := range []struct {
		name   string
		events int
	}{{"1e4", 10_000}, {"1e5", 100_000}, {"1e6", 1_000_000}} {
		h.fill(grown, size.events-stored)
		stored = size.events
		largest = h.replicas(h.service(h.env.Postgres.Database(grown)))
		measured["accepted_32_at_"+size.name] = func(conn grpc.ClientConnInterface) func() float64 {
			return func() float64 { return h.accepted(conn, 32) }
		}(largest)
	}
	f.interleave(measured)
	for round := range rounds {
		f["catchup_per_s"] = append(f["catchup_per_s"], h.catchUp(largest, fmt.Sprintf("late-%d", round)))
	}
}

// catchingUp measures a reader that catches up in a database that holds little more than its messages.
func (h *harness) catchingUp(f figures) {
	database := h.env.NewDatabase()
	h.fill(database, behind)
	conn := h.replicas(h.service(h.env.Postgres.Database(database)))
	h.catchUp(conn, "early")
	defer h.profileProcessor("catchup")()
	reader := 0
	f.interleaveTimes(2*rounds, map[string]func() float64{"catchup_per_s": func() float64 {
		reader++
		return h.catchUp(conn, fmt.Sprintf("late-%d", reader))
	}})
}

// catchUp is messages a second for a reader from the beginning on.
func (h *harness) catchUp(conn grpc.ClientConnInterface, consumer string) float64 {
	h.t.Helper()
	ctx, end := context.WithCancel(h.county())
	defer end()
	stream := h.open(ctx, conn, &exchangev1.ExchangeRequest_Open{Consumer: consumer, Window: 10_000})
	began := time.Now()
	for n := 1; n <= behind; {
		response, err := stream.Recv()
		if err != nil {
			h.t.Fatal(err)
		}
		if response.GetDelivery() == nil {
			continue
		}
		if n++; n%1000 == 0 {
			if err := acknowledge(stream, response.GetDelivery().GetCursor()); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	return behind / time.Since(began).Seconds()
}

// fill stores reports, many in a batch, by the store itself.
func (h *harness) fill(database string, events int) {
	h.t.Helper()
	kek, err := seal.OpenKEK(filepath.Join(h.env.Secrets, process.KEKFile))
	if err != nil {
		h.t.Fatal(err)
	}
	store, err := postgres.Open(h.t.Context(), postgres.Config{Journal: h.env.Postgres.DSN(database, clustertest.Role("concern"), "concern"), Keys: h.env.Postgres.DSN(database, clustertest.Role("concern"), "concern_keys"), KEK: kek})
	if err != nil {
		h.t.Fatal(err)
	}
	const perBatch = 250
	var group errgroup.Group
	group.SetLimit(4)
	for range events / perBatch {
		group.Go(func() error {
			_, err := store.Append(context.Background(), stored(perBatch))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		h.t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		h.t.Fatal(err)
	}
}

// units are those of the agencies in what is stored.
var units = map[string]string{"kela": "toimeentulotuki", "hva-pohjois-savo": "tyoikaiset-kuopio"}

// stored is a batch of reports as the service would store them.
func stored(count int) journal.Batch {
	batch := journal.Batch{Expected: map[string]uint64{}, Clients: map[string][]byte{}}
	at := time.Now()
	for range count {
		id, client, caseID, random := uuid.Must(uuid.NewV7()).String(), uuid.NewString(), uuid.NewString(), uuid.New()
		subject := "concerns/" + id
		batch.Expected[subject] = 0
		batch.Clients[subject] = make([]byte, 60)
		batch.Events = append(batch.Events, journal.Event{
			Subject: subject, Version: 1, ID: id, Type: "koppi.concern.v1.ConcernSubmitted", Client: client, Case: caseID,
			By: make([]byte, 30), Basis: make([]byte, 40), At: at, Payload: make([]byte, 200),
		})
		batch.Streams = append(batch.Streams, journal.Stream{Subject: subject, Service: "concern", Client: client, Case: caseID, State: 1, Version: 1, NextCheckAt: at.AddDate(1, 0, 0)})
		for agency, part := range map[string]journal.Role{"kela": journal.RoleSender, "hva-pohjois-savo": journal.RoleReceiver} {
			record, _ := proto.Marshal(&exchangev1.CaseMessage{
				MessageId: id, Service: "concern", Mailbox: agency, Subject: subject, SubjectVersion: 1, CaseId: caseID, ClientId: client,
				OccurredAt: timestamppb.New(at),
			})
			batch.Deliveries = append(batch.Deliveries, journal.Delivery{Agency: agency, ID: id, Subject: subject, SubjectVersion: 1, Record: record})
			batch.WorklistEntries = append(batch.WorklistEntries, journal.WorklistEntry{
				Subject: subject, Agency: agency, Role: part, Client: client, Case: caseID, State: 1, Phase: 1, DueAt: at.AddDate(1, 0, 0), Version: 1, StartedAt: at,
				Number: string(matter.NumberOf(random[:])), Parts: string(matter.PartsOf([]string{units[agency]}, nil)),
			})
		}
		batch.UniqueKeys = append(batch.UniqueKeys, journal.UniqueKeyChange{UniqueKey: journal.UniqueKey{Key: "request/kela/" + uuid.NewString(), Subject: subject, Version: 1, Digest: make([]byte, 32)}})
		batch.Accesses = append(batch.Accesses, journal.Access{At: at, By: make([]byte, 30), Role: "benefit_handler", Subject: subject, Client: client, Method: "koppi.concern.v1.ConcernService/SubmitConcern"})
	}
	return batch
}
