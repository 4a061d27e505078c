//go:build bench

package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/identity"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	"koppi.internal/services/concern"
)

const (
	connections = 100
	// settle is the quiet in which idle streams are looked at.
	settle = 10 * time.Second
)

// streaming measures what 1,000 and 10,000 idle standing streams cost a service, and a
// gateway, in processes of their own.
func (h *harness) streaming(f figures) {
	service := h.startConcern()
	h.streamsAt(f, service, "service")
	h.streamsAt(f, h.startGateway(service), "gateway")
}

// startGateway starts a gateway before the concern service, and the other services in this process.
func (h *harness) startGateway(service *server) *server {
	h.t.Helper()
	args := append(h.env.Flags(), "--dev", "--concern", service.Address)
	for _, other := range suite.Services {
		if other.Name != concern.Name {
			// A gateway reads all of them for each of its streams.
			args = append(args, "--"+other.Name, h.other(other))
		}
	}
	return h.start(clustertest.GatewayCommand, args...)
}

// streamsAt opens streams to a process, more and more, and looks at it.
func (h *harness) streamsAt(f figures, p *server, where string) {
	ctx, end := context.WithCancel(h.as(identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: "kela-1"}))
	defer end()
	// All begin where the mailbox ends now.
	cursor := h.endOf(ctx, p)
	var conns []grpc.ClientConnInterface
	for range connections {
		conns = append(conns, p.dial())
	}
	empty, nothing, opened := p.Memory(), p.holds(), 0
	for _, count := range []int{1000, 10_000} {
		var group errgroup.Group
		group.SetLimit(64)
		for ; opened < count; opened++ {
			group.Go(func(n int) func() error {
				return func() error {
					stream := h.open(ctx, conns[n%connections], &exchangev1.ExchangeRequest_Open{Consumer: fmt.Sprintf("%s-%d", where, n), Cursor: cursor})
					go func() {
						for {
							if _, err := stream.Recv(); err != nil {
								return
							}
						}
					}()
					return nil
				}
			}(opened))
		}
		_ = group.Wait()
		before := p.CPU()
		time.Sleep(settle) // what is measured: nothing happens meanwhile
		name := fmt.Sprintf("%d_%s", count, where)
		f["bytes_per_stream_"+name] = figure{float64(p.Memory()-empty) / float64(count)}
		f["idle_cpu_percent_"+name] = figure{(p.CPU() - before).Seconds() / settle.Seconds() * 100}
		p.held(f, name, nothing, float64(count))
		f["wake_ms_"+name] = figure{h.deliveryTime(p)}
	}
}

// endOf is the cursor at the end of Kela's mailbox.
func (h *harness) endOf(ctx context.Context, p *server) string {
	h.t.Helper()
	client := exchangev1.NewExchangeServiceClient(p.dial())
	opened, err := client.OpenConsumer(ctx, &exchangev1.OpenConsumerRequest{Consumer: "end"})
	if err != nil {
		h.t.Fatal(err)
	}
	cursor := opened.GetCursor()
	for backlog := opened.GetBacklog(); backlog > 0; {
		page, err := client.ListMessages(ctx, &exchangev1.ListMessagesRequest{Cursor: cursor, PageSize: 1000, Consumer: "end", Takeover: opened.GetTakeover()})
		if err != nil {
			h.t.Fatal(err)
		}
		cursor, backlog = page.GetNextCursor(), page.GetBacklog()
	}
	return cursor
}

// deliveryTime is the median time of a command's message, in milliseconds, until it arrives at a stream of
// another agency while all idle streams are open.
func (h *harness) deliveryTime(p *server) float64 {
	h.t.Helper()
	ctx, end := context.WithCancel(h.as(identity.Caller{Agency: "terveys-pohjois-savo", Role: identity.RoleSystem, SystemSubject: "tk-1"}))
	defer end()
	conn := p.dial()
	came := h.messages(h.open(ctx, conn, &exchangev1.ExchangeRequest_Open{Consumer: "wake", Cursor: h.endOf(ctx, p)}))
	var took []float64
	county := h.as(identity.Caller{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21", Role: identity.RoleSocialWorker})
	for range 50 {
		sent := time.Now()
		if err := h.submitTo(county, conn, "terveys-pohjois-savo"); err != nil {
			h.t.Fatal(err)
		}
		took = append(took, (<-came).Sub(sent).Seconds()*1000)
	}
	return quantile(took, 0.5)
}

// server is a program of Koppi in a process of its own.
type server struct {
	*clustertest.Process
	h *harness
	// service tells that it is a service, which callers reach through a gateway.
	service bool
	// profiles is the address of its profiles; empty if it is not profiled.
	profiles string
}

// startConcern starts the concern service with further flags.
func (h *harness) startConcern(flags ...string) *server {
	h.t.Helper()
	role := clustertest.Role(concern.Name)
	args := append(h.env.Flags(), "--dev", "--journal", h.env.Postgres.DSN(h.database, role, concern.Name), "--keys", h.env.Postgres.DSN(h.database, role, concern.Name+"_keys"))
	p := h.start(clustertest.ServiceCommand(concern.Name), append(args, flags...)...)
	p.service = true
	return p
}

func (h *harness) start(command string, args ...string) *server {
	h.t.Helper()
	p := &server{h: h}
	if os.Getenv(profileFolder) == "" {
		p.Process = clustertest.NewProcess(h.t, command, args...)
	} else {
		p.profiled(command, args...)
	}
	// It logs each call.
	p.DropLog = true
	p.Start()
	return p
}

// dial returns a connection to the program; to a service as a gateway has it, which names the callers
// to the service.
func (p *server) dial() grpc.ClientConnInterface {
	p.h.t.Helper()
	conn := testkit.Dial(p.h.t, p.Address)
	if p.service {
		return p.h.env.Callers(conn)
	}
	return conn
}
