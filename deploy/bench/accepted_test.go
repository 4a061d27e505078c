//go:build bench

package bench

import (
	"context"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// accepting measures accepted commands beside the same rows written plainly, one bare
// row, and an echo.
func (h *harness) accepting(f figures) {
	f.interleave(map[string]func() float64{
		"accepted_1":               func() float64 { return h.accepted(h.one, 1) },
		"accepted_8":               func() float64 { return h.accepted(h.one, 8) },
		"accepted_32":              func() float64 { return h.accepted(h.one, 32) },
		"accepted_32_two_replicas": func() float64 { return h.accepted(h.both, 32) },
		"accepted_128":             func() float64 { return h.accepted(h.one, 128) },
		"same_rows_32":             func() float64 { return h.pgbench("rows.sql", 32) },
		"one_row_32":               func() float64 { return h.pgbench("row.sql", 32) },
		"echo_32":                  func() float64 { return h.echo(32) },
	})
}

// rate counts calls a second of so many clients at once.
func (h *harness) rate(clients int, call func() error) float64 {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	var calls atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for range clients {
		group.Go(func() {
			for ctx.Err() == nil {
				if err := call(); err != nil {
					h.t.Error(err)
					return
				}
				calls.Add(1)
			}
		})
	}
	group.Wait()
	return float64(calls.Load()) / time.Since(began).Seconds()
}

// accepted is reports accepted a second, durable, all to one pair of agencies.
func (h *harness) accepted(conn grpc.ClientConnInterface, clients int) float64 {
	return h.rate(clients, func() error { return h.submit(conn) })
}

func (h *harness) submit(conn grpc.ClientConnInterface) error {
	return h.submitTo(h.worker, conn, "hva-pohjois-savo")
}

func (h *harness) submitTo(ctx context.Context, conn grpc.ClientConnInterface, receiver string) error {
	_, err := concernv1.NewConcernServiceClient(conn).SubmitConcern(ctx, submission(&commonv1.Party{Agency: receiver}))
	return err
}

// submission is a report to a receiver about a client whose identity code nobody knows.
func submission(receiver *commonv1.Party) *concernv1.SubmitConcernRequest {
	return &concernv1.SubmitConcernRequest{
		RequestId: uuid.NewString(), Receiver: receiver, Urgency: commonv1.Urgency_URGENCY_NORMAL,
		Client: &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}, Language: "fi"},
		Basis: &commonv1.LegalBasis{
			Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1", ConsentedAt: timestamppb.New(time.Now().Add(-time.Hour)),
		},
		Topics: []concernv1.Topic{concernv1.Topic_TOPIC_RENT_ARREARS}, Description: "Kaksi vuokraa maksamatta.",
	}
}

func (h *harness) echo(clients int) float64 {
	return h.rate(clients, h.echoOnce)
}

func (h *harness) echoOnce() error {
	_, err := healthv1.NewHealthClient(h.echoed).Check(context.Background(), &healthv1.HealthCheckRequest{})
	return err
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench runs a script, a transaction a time, and returns transactions a second.
func (h *harness) pgbench(script string, clients int) float64 {
	h.t.Helper()
	command := exec.Command(h.pgb, "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(int(length.Seconds())), "-f", script,
		"-h", "127.0.0.1", "-p", strconv.Itoa(h.env.Postgres.Port()), "-U", "postgres", h.database)
	out, err := command.CombinedOutput()
	found := tps.FindSubmatch(out)
	if err != nil || found == nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	rate, _ := strconv.ParseFloat(string(found[1]), 64)
	return rate
}
