//go:build bench

package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"koppi.internal/deploy/suite"
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
func (b *bench) streaming(f figures) {
	service := b.start("koppi.internal/services/concern/cmd/concern", append(b.shared(), "--journal", b.server.DSN(b.database, role, "concern"),
		"--keys", b.server.DSN(b.database, role, "concern_keys"))...)
	service.within = true
	b.streamsAt(f, service, "service")
	args := append(b.shared(), "--concern", service.address)
	for _, other := range suite.Services {
		if other.Name != concern.Name {
			// A gateway reads all of them for each of its streams.
			args = append(args, "--"+other.Name, b.other(other))
		}
	}
	gateway := b.start("koppi.internal/gateway/cmd/gateway", args...)
	b.streamsAt(f, gateway, "gateway")
}

// shared are the flags of all processes.
func (b *bench) shared() []string {
	papers := b.papers()
	return []string{
		"--dev", "--secrets", b.secrets, "--directory", b.directory, "--redis", b.redis.URL(),
		"--attachments", papers.Attachments, "--attachment-keys", papers.AttachmentKeys,
		// What is measured is not what is allowed.
		"--calls-per-second", "0", "--worker-calls-per-second", "0", "--calls-at-once", "0", "--streams-at-once", "0",
	}
}

// streamsAt opens streams to a process, more and more, and looks at it.
func (b *bench) streamsAt(f figures, p *program, where string) {
	ctx, end := context.WithCancel(b.as(identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: "kela-1"}))
	defer end()
	// All begin where the mailbox ends now.
	cursor := b.endOf(ctx, p)
	var conns []grpc.ClientConnInterface
	for range connections {
		conns = append(conns, p.dial())
	}
	empty, opened := p.memory(), 0
	for _, count := range []int{1000, 10_000} {
		var group errgroup.Group
		group.SetLimit(64)
		for ; opened < count; opened++ {
			group.Go(func(n int) func() error {
				return func() error {
					stream := b.open(ctx, conns[n%connections], &exchangev1.ExchangeRequest_Open{Consumer: fmt.Sprintf("%s-%d", where, n), Cursor: cursor})
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
		before := p.cpu()
		time.Sleep(settle) // what is measured: nothing happens meanwhile
		name := fmt.Sprintf("%d_%s", count, where)
		f["bytes_per_stream_"+name] = figure{float64(p.memory()-empty) / float64(count)}
		f["idle_cpu_percent_"+name] = figure{(p.cpu() - before).Seconds() / settle.Seconds() * 100}
		f["wake_ms_"+name] = figure{b.wake(p)}
	}
}

// endOf is the cursor at the end of Kela's mailbox.
func (b *bench) endOf(ctx context.Context, p *program) string {
	b.t.Helper()
	client := exchangev1.NewExchangeServiceClient(p.dial())
	opened, err := client.OpenConsumer(ctx, &exchangev1.OpenConsumerRequest{Consumer: "end"})
	if err != nil {
		b.t.Fatal(err)
	}
	cursor := opened.GetCursor()
	for backlog := opened.GetBacklog(); backlog > 0; {
		page, err := client.ListMessages(ctx, &exchangev1.ListMessagesRequest{Cursor: cursor, PageSize: 1000, Consumer: "end", Takeover: opened.GetTakeover()})
		if err != nil {
			b.t.Fatal(err)
		}
		cursor, backlog = page.GetNextCursor(), page.GetBacklog()
	}
	return cursor
}

// wake is the median of how long a command's message is under way to a stream of
// another agency, while all the idle ones are open.
func (b *bench) wake(p *program) float64 {
	b.t.Helper()
	ctx, end := context.WithCancel(b.as(identity.Caller{Agency: "terveys-pohjois-savo", Role: identity.RoleSystem, SystemSubject: "tk-1"}))
	defer end()
	conn := p.dial()
	came := b.messages(b.open(ctx, conn, &exchangev1.ExchangeRequest_Open{Consumer: "wake", Cursor: b.endOf(ctx, p)}))
	var took []float64
	county := b.as(identity.Caller{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21", Role: identity.RoleSocialWorker})
	for range 50 {
		sent := time.Now()
		if err := b.submitTo(county, conn, "terveys-pohjois-savo"); err != nil {
			b.t.Fatal(err)
		}
		took = append(took, (<-came).Sub(sent).Seconds()*1000)
	}
	return quantile(took, 0.5)
}

// program is one of the suite's in a process of its own.
type program struct {
	b       *bench
	address string
	pid     int
	// within the suite: no caller reaches it but through a gateway.
	within bool
}

func (b *bench) start(path string, args ...string) *program {
	b.t.Helper()
	binary := filepath.Join(b.t.TempDir(), filepath.Base(path))
	if out, err := exec.Command("go", "build", "-o", binary, path).CombinedOutput(); err != nil {
		b.t.Fatalf("%v: %s", err, out)
	}
	p := &program{b: b, address: freeAddress(b.t)}
	command := exec.Command(binary, append(args, "--listen", p.address)...)
	if err := command.Start(); err != nil {
		b.t.Fatal(err)
	}
	p.pid = command.Process.Pid
	b.t.Cleanup(func() { _ = errors.Join(command.Process.Kill(), command.Wait()) })
	if _, err := healthv1.NewHealthClient(p.dial()).Check(b.t.Context(), &healthv1.HealthCheckRequest{}, grpc.WaitForReady(true)); err != nil {
		b.t.Fatal(err)
	}
	return p
}

// dial leads to the program; to a service as a gateway does, which names callers to it.
func (p *program) dial() grpc.ClientConnInterface {
	p.b.t.Helper()
	conn, err := grpc.NewClient(p.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		p.b.t.Fatal(err)
	}
	p.b.t.Cleanup(func() { _ = conn.Close() })
	if p.within {
		return p.b.callers.Conn(conn)
	}
	return conn
}

// memory is what of the process is in memory, in bytes.
func (p *program) memory() int64 {
	p.b.t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		p.b.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "VmRSS:"); found {
			kilobytes, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "kB")), 10, 64)
			return kilobytes << 10
		}
	}
	p.b.t.Fatal("the process has no memory")
	return 0
}

// cpu is what the process has used of processors.
func (p *program) cpu() time.Duration {
	p.b.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		p.b.t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	ticks := 0
	for _, field := range fields[11:13] {
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
