package attack

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/pkg/journal"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// attacks is how many each protocol gets; make soak sends a hundred thousand.
func attacks() int { return max(150, frames()) }

// target is a port that is attacked, in one protocol.
type target struct {
	address, token string
	preface        bool
	attacks        map[string]attack
	// ours are answers that would be a failure of ours.
	ours []string
}

// cutWithin is how soon who breaks the protocol is done with.
const cutWithin = 10 * time.Second

// strike attacks once, over a connection of its own, and tells where it was not done with,
// or answered with a failure of ours.
func (t target) strike(random *rand.Rand, name string) error {
	conn, err := net.Dial("tcp", t.address)
	if err != nil {
		return err
	}
	// A hundred thousand connections must not wait for their ends.
	_ = conn.(*net.TCPConn).SetLinger(0)
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(cutWithin))
	f, way := newForge(random, t.token), t.attacks[name]
	if t.preface {
		f.WriteString(http2.ClientPreface)
		f.frame(http2.FrameSettings, 0, 0, nil)
	}
	way.make(f)
	if way.then == deaf {
		_, _ = conn.Write(f.Bytes())
		return nil
	}
	answered, ended := make(chan struct{}), make(chan error, 1)
	var answer string
	go func() {
		var err error
		answer, err = t.heard(conn, sync.OnceFunc(func() { close(answered) }))
		ended <- err
	}()
	// It may be cut before all was said.
	_, _ = conn.Write(f.Bytes())
	if way.then == waits {
		<-answered
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	err = <-ended
	leaktest.Note(leaktest.Error, answer)
	for _, own := range t.ours {
		if strings.Contains(answer, own) {
			err = errors.Join(err, fmt.Errorf("%s: %q", own, answer))
		}
	}
	return err
}

// heard is all that is answered until the other end cuts; answered is called when the
// call has its answer, or none will come.
func (t target) heard(conn net.Conn, answered func()) (string, error) {
	defer answered()
	if !t.preface {
		text, err := io.ReadAll(conn)
		return string(text), late(err)
	}
	framer := http2.NewFramer(nil, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var said strings.Builder
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return said.String(), late(err)
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			for _, field := range frame.Fields {
				_, _ = fmt.Fprintf(&said, "%s: %s\n", field.Name, field.Value)
			}
			if frame.StreamEnded() {
				answered()
			}
		case *http2.DataFrame:
			_, _ = said.Write(frame.Data())
		case *http2.RSTStreamFrame:
			answered()
		case *http2.GoAwayFrame:
			// Go's server still reads for a second, so that its farewell arrives.
			return said.String(), nil
		}
	}
}

// late tells a connection that was held from one that was cut.
func late(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("it was held for %v", cutWithin)
	}
	return nil
}

// all attacks in turn, so many times altogether, from two sides at once.
func (t target) all(test *testing.T, times int) {
	test.Helper()
	names := slices.Sorted(maps.Keys(t.attacks))
	var next, failed atomic.Int64
	var group sync.WaitGroup
	for side := range uint64(2) {
		group.Go(func() {
			random := rand.New(rand.NewPCG(1, side))
			for i := next.Add(1); i <= int64(times) && failed.Load() < 5; i = next.Add(1) {
				name := names[int(i)%len(names)]
				if err := t.strike(random, name); err != nil {
					failed.Add(1)
					test.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	group.Wait()
}

// held opens calls whose answers have no window to go out by, and leaves them so; end
// lets them go.
func (t target) held(test *testing.T, connections int) (end func()) {
	test.Helper()
	var open []net.Conn
	f := newForge(nil, t.token)
	f.WriteString(http2.ClientPreface)
	f.frame(http2.FrameSettings, 0, 0, setting(http2.SettingInitialWindowSize, 0))
	f.each(func(stream uint32) {
		f.open(stream, f.call().with(":path", "/grpc.health.v1.Health/Check"))
		f.frame(http2.FrameData, http2.FlagDataEndStream, stream, framedEmpty)
	})
	for range connections {
		conn := testkit.Must(net.Dial("tcp", t.address))
		_ = testkit.Must(conn.Write(f.Bytes()))
		open = append(open, conn)
	}
	return func() {
		for _, conn := range open {
			_ = conn.Close()
		}
	}
}

// positions are those of all mailboxes of all services.
func positions(t *testing.T, c *clustertest.Cluster) map[string]journal.Position {
	t.Helper()
	all := map[string]journal.Position{}
	for _, service := range suite.Services {
		store := c.Open(service.Name)
		for agency, position := range testkit.Must(store.Positions(t.Context())) {
			all[service.Name+" "+agency] = position
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	return all
}

// otherWorker calls now and then, as a worker of another agency does, until over is closed and at least 50
// times. It returns how long the calls took, sorted.
func otherWorker(test *testing.T, address, token string, over <-chan struct{}) (took calm) {
	calls := scenario.ConnectJSON{Address: address, Client: http.DefaultClient}
	for every := time.NewTicker(20 * time.Millisecond); ; <-every.C {
		began := time.Now()
		if _, err := calls.Call(test.Context(), token, testkit.ConcernService+"ListConcerns", []byte(`{}`)); err != nil {
			test.Error(err)
			return append(took, time.Since(began))
		}
		took = append(took, time.Since(began))
		select {
		case <-over:
			if len(took) >= 50 {
				slices.Sort(took)
				return took
			}
		default:
		}
	}
}

// Broken frames of every kind that we know, and floods of valid ones, are sent to the gateway and
// directly to a service's port, each in its own process. Both handle all of them, nothing changes,
// memory and connections are released, and other callers hardly notice.
func TestLongBrokenFrames(t *testing.T) {
	const memory = 512 << 20
	env := clustertest.NewEnvironment(t, "fsync=off")
	// Go lets its heap grow manifold before it collects. In a container of this size it is told
	// the limit, with room for what is no heap, and so it is here.
	env.Env = clustertest.ComposeGoEnv(t)
	c := env.Start(t, 1, nil)
	gateway, service := c.Gateways[0], c.Services["concern"][0]
	conn := testkit.Dial(t, gateway.Address)
	token := func(agency, unit, worker, role string) string {
		return testkit.IssueToken(t, conn, &devv1.IssueTokenRequest{Agency: agency, Unit: unit, Worker: worker, Role: role})
	}
	kela, county := token("kela", "toimeentulotuki", "kela-17", "benefit_handler"), token("hva-pohjois-savo", "tyoikaiset-kuopio", "ps-21", "social_worker")
	testkit.Insist(t, testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), concernv1.NewConcernServiceClient(conn).SubmitConcern, testkit.Submission())
	before, quiet := positions(t, c), make(chan struct{})
	close(quiet)
	alone := otherWorker(t, "http://"+gateway.Address, county, quiet)
	open := map[*clustertest.Process]int{gateway: gateway.OpenFiles(), service: service.OpenFiles()}
	ours := []string{"panic", "goroutine", "HTTP/1.1 500", ":status: 500", "eyJ"}
	for name, one := range map[string]target{
		// What the gateway answers is of the closed list. A service's library speaks by itself where no message is.
		"HTTP/2 at the gateway":   {gateway.Address, kela, true, brokenHTTP2, append(ours, "grpc-status: 13\n", "grpc-status: 2\n")},
		"HTTP/1.1 at the gateway": {gateway.Address, kela, false, brokenHTTP1, ours},
		"HTTP/2 at a service":     {service.Address, "", true, brokenHTTP2, ours},
	} {
		t.Run(name, func(t *testing.T) {
			began, over, took := time.Now(), make(chan struct{}), make(chan calm, 1)
			end := target{address: one.address}.held(t, 5)
			go func() { took <- otherWorker(t, "http://"+gateway.Address, county, over) }()
			one.all(t, attacks())
			lasted := time.Since(began)
			close(over)
			during := <-took
			end()
			t.Logf("%d attacks of %d kinds, %d a second; a call of another's took %v, p95 %v, and %v, p95 %v without", attacks(), len(one.attacks),
				int(float64(attacks())/lasted.Seconds()), during.at(50), during.at(95), alone.at(50), alone.at(95))
			if during.at(95) > max(20*alone.at(95), 500*time.Millisecond) {
				t.Errorf("another agency waits %v for what took %v", during.at(95), alone.at(95))
			}
		})
	}
	for of, files := range open {
		name := filepath.Base(of.Path)
		for until := time.Now().Add(cutWithin); of.OpenFiles() > files+20; <-time.After(50 * time.Millisecond) {
			if time.Now().After(until) {
				t.Errorf("%s holds %d files and connections, and had %d", name, of.OpenFiles(), files)
				break
			}
		}
		if used := of.PeakMemory(); used > memory {
			t.Errorf("%s took %d MiB", name, used>>20)
		} else {
			t.Logf("%s took %d MiB at most", name, used>>20)
		}
	}
	if now := positions(t, c); fmt.Sprint(now) != fmt.Sprint(before) {
		t.Errorf("something was stored: %v, and before %v", now, before)
	}
	if concerns := c.Fsck(); len(concerns) != 2 {
		t.Errorf("%v", concerns)
	}
}

// Streams that are opened and reset at once leave nothing behind, not even a timer: a flood of them
// uses no more memory than its first seconds did.
func TestRapidResetsLeaveNothing(t *testing.T) {
	const floods, most = 100, 3 << 20
	f := testkit.NewFixture(t)
	rapid := target{strings.TrimPrefix(f.Address, "http://"), f.Tokens["kela"], true, map[string]attack{"rapid resets": brokenHTTP2["rapid resets"]}, nil}
	held := func() int64 {
		rapid.all(t, floods)
		var now runtime.MemStats
		// What Go's server still says farewell to is let go within a second.
		for until := time.Now().Add(2 * time.Second); time.Now().Before(until); <-time.After(100 * time.Millisecond) {
			runtime.GC()
		}
		runtime.ReadMemStats(&now)
		return int64(now.HeapAlloc)
	}
	first, second := held(), held()
	t.Logf("%d floods of %d leave %d KiB, and as many more %d KiB", floods, flooded, first>>10, second>>10)
	if second-first > most {
		t.Errorf("%d floods left %d KiB behind", floods, (second-first)>>10)
	}
}
