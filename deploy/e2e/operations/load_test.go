package operations

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/allinone"
	synthetic "koppi.internal/deploy/load"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/pkg/directory"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// countryAt is a small load of the synthetic country at an address.
func countryAt(address string, options ...grpc.DialOption) synthetic.Config {
	return synthetic.Config{
		Address: address, Rate: 60, Duration: 3 * time.Second, Days: 7, Streams: 200, AtOnce: 1000, Seed: 1,
		Dial: func() (*grpc.ClientConn, error) {
			return grpc.NewClient(testkit.TrimScheme(address), append([]grpc.DialOption{leaktest.DialOption(), grpc.WithTransportCredentials(insecure.NewCredentials())}, options...)...)
		},
	}
}

// country is a Koppi of the synthetic country, in which an emergency is past due soon.
func country(t *testing.T) *testkit.Instance {
	t.Helper()
	text := bytes.ReplaceAll(testkit.Must(synthetic.Directory()), []byte(`"emergency": "1m"`), []byte(`"emergency": "10ms"`))
	return testkit.Start(t, allinone.Config{Directory: testkit.Must(directory.Parse(text))})
}

// All four services accept all commands of the synthetic country's load, no message is lost, and
// the report has every part. A second load begins at the positions where the first ended.
func TestLoad(t *testing.T) {
	t.Parallel()
	i := country(t)
	for seed := range uint64(2) {
		r := loaded(t, i, seed)
		if !r.Losses.None() {
			t.Errorf("losses: %+v", r.Losses)
		}
		c, m := r.Commands, r.Messages
		if c.Due < 100 || c.Accepted != c.Due || c.PerSecond <= 0 || len(c.Refused)+len(c.Failed)+c.GivenUp+c.NotSent > 0 || c.MostInFlight < 1 {
			t.Errorf("commands: %+v", c)
		}
		if missing := notAmong(c.ByMethod); len(missing) > 0 {
			t.Errorf("no %v among %v", missing, c.ByMethod)
		}
		if r.Latency.Count != c.Accepted || r.Latency.P50 <= 0 || r.Latency.P99 < r.Latency.P95 || r.FirstMinute != r.Latency || r.LastMinute != r.Latency {
			t.Errorf("latency: %+v %+v", r.Latency, r.FirstMinute)
		}
		if r.UnderWay.Count != m.Expected || r.UnderWay.P50 <= 0 || m.Expected < c.Accepted || m.Delivered < m.Expected || m.PerSecond <= 0 {
			t.Errorf("messages: %+v, under way: %+v", m, r.UnderWay)
		}
		if r.Settings.Streams != 200 || r.Settings.Agencies != 158 || len(r.Seconds) < 3 || r.Breaks == 0 {
			t.Errorf("%+v, %d seconds, %d breaks", r.Settings, len(r.Seconds), r.Breaks)
		}
		reads(t, r)
	}
}

// loaded returns the report of a load that lasts until every kind of command was given: on a busy machine, a
// handler takes the first matters late.
func loaded(t *testing.T, i *testkit.Instance, seed uint64) *synthetic.Report {
	t.Helper()
	settings := countryAt(i.Address)
	// As long as it takes for the slowest agency to have messages enough to be told.
	settings.Seed, settings.Duration = seed, 6*time.Second
	for {
		r, err := synthetic.Run(t.Context(), settings)
		if err != nil {
			t.Fatal(err)
		}
		if settings.Duration *= 3; len(notAmong(r.Commands.ByMethod)) == 0 || settings.Duration > time.Minute {
			return r
		}
	}
}

// notAmong returns the kinds of commands of which none was given.
func notAmong(commands map[string]int) (missing []string) {
	for _, method := range []string{"SubmitConcern", "TakeConcern", "CloseConcern", "SendReferral", "CompleteReferral", "OpenConsultation", "PostMessage"} {
		if commands[method] == 0 {
			missing = append(missing, method)
		}
	}
	return missing
}

// reads holds the report's three forms to their figures.
func reads(t *testing.T, r *synthetic.Report) {
	t.Helper()
	for name, form := range map[string]struct {
		write func(*bytes.Buffer) error
		want  []string
	}{
		"text":    {func(b *bytes.Buffer) error { return r.Text(b) }, []string{"commands", "refused", "failed", "latency", "first minute", "under way", "slowest", "messages", "breaks", "losses"}},
		"JSON":    {func(b *bytes.Buffer) error { return r.JSON(b) }, []string{`"per_second"`, `"p99_ms"`, `"first_minute"`, `"under_way"`, `"slowest_agency": "kela"`, `"breaks"`, `"lost": 0`, `"seconds"`}},
		"picture": {func(b *bytes.Buffer) error { return r.Picture(b) }, []string{"<svg", "Commands a second", "accepted", "due", "p99", "Mon 1", " s</text>"}},
	} {
		var text bytes.Buffer
		if err := form.write(&text); err != nil {
			t.Error(err)
		}
		for _, want := range form.want {
			if !strings.Contains(text.String(), want) {
				t.Errorf("the %s does not tell %q: %s", name, want, text.String())
			}
		}
	}
}

// The report finds a message that does not reach a stream, one that comes twice, and one that is
// changed on its way.
func TestLongLoadFindsLosses(t *testing.T) {
	t.Parallel()
	i := testkit.Start(t, allinone.Config{})
	for name, spoil := range map[string]func(stream grpc.ClientStream, message *exchangev1.ExchangeResponse) error{
		"dropped": func(stream grpc.ClientStream, message *exchangev1.ExchangeResponse) error {
			return stream.RecvMsg(message)
		},
		"changed": func(_ grpc.ClientStream, message *exchangev1.ExchangeResponse) error {
			message.GetDelivery().GetMessage().Subject = "concerns/another"
			return nil
		},
		"again": nil,
	} {
		t.Run(name, func(t *testing.T) {
			line := &spoiled{spoil: spoil}
			settings := countryAt(i.Address, grpc.WithStreamInterceptor(line.intercept))
			settings.Duration, settings.Streams = time.Second, 10
			r, err := synthetic.Run(t.Context(), settings)
			if err != nil {
				t.Fatal(err)
			}
			if !line.done.Load() || r.Losses.None() || len(r.Losses.Broken) != 1 || !strings.Contains(r.Losses.Broken[0], "mailbox of kela") {
				t.Errorf("done: %v, losses: %+v", line.done.Load(), r.Losses)
			}
		})
	}
}

// spoiled is a line on which one delivery to Kela is not as it was sent.
type spoiled struct {
	// spoil changes it or goes on to the next; nil delivers it again.
	spoil func(grpc.ClientStream, *exchangev1.ExchangeResponse) error
	done  atomic.Bool
}

func (s *spoiled) intercept(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, streamer grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := streamer(ctx, desc, conn, method, options...)
	return &spoiledStream{ClientStream: stream, line: s}, err
}

type spoiledStream struct {
	grpc.ClientStream
	line  *spoiled
	again *exchangev1.ExchangeResponse
}

func (s *spoiledStream) RecvMsg(into any) error {
	message, ok := into.(*exchangev1.ExchangeResponse)
	if ok && s.again != nil {
		proto.Merge(message, s.again)
		s.again = nil
		return nil
	}
	err := s.ClientStream.RecvMsg(into)
	if !ok || err != nil || message.GetDelivery().GetMessage().GetMailbox() != "kela" || s.line.done.Swap(true) {
		return err
	}
	if s.line.spoil == nil {
		s.again = proto.CloneOf(message)
		return nil
	}
	return s.line.spoil(s.ClientStream, message)
}

// Commands are given even if others are not answered, until the limit of commands in flight is
// reached. Further ones wait, none is left out, and the report shows the wait.
func TestLongLoadWaitsForNoAnswer(t *testing.T) {
	t.Parallel()
	const most = 20
	i := testkit.Start(t, allinone.Config{})
	var flying atomic.Int64
	full := make(chan struct{})
	hold := func(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption) error {
		if !strings.Contains(method, "koppi.dev.") && !strings.Contains(method, "koppi.casework.") && !strings.Contains(method, "koppi.exchange.") {
			if flying.Add(1) == most {
				close(full)
			}
			<-full
		}
		return call(ctx, method, request, response, conn, options...)
	}
	settings := countryAt(i.Address, grpc.WithUnaryInterceptor(hold))
	settings.AtOnce, settings.Rate, settings.Days, settings.Duration, settings.Streams = most, 200, 0, time.Second, 0
	r, err := synthetic.Run(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Commands; c.MostInFlight != most || !c.AtOnceReached || c.Accepted != c.Due || c.Due < 120 || c.Held < 1 || c.LongestHeld <= 0 || r.Latency.P50 <= 0 {
		t.Errorf("%+v, %+v", c, r.Latency)
	}
}

// If Koppi is slower than the rate of commands, the report shows it as latency: each command is
// timed from when it was due, not from when there was room to give it.
func TestLongLoadTellsSlowness(t *testing.T) {
	t.Parallel()
	settings := countryAt(testkit.Start(t, allinone.Config{}).Address)
	settings.AtOnce, settings.Rate, settings.Days, settings.Duration, settings.Streams = 1, 2000, 0, 20*time.Millisecond, 0
	r, err := synthetic.Run(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	c, each := r.Commands, 1000*r.Took/float64(r.Commands.Due)
	if c.Accepted != c.Due || c.Due < 25 || c.MostInFlight != 1 || c.LongestHeld > r.Latency.Most || r.Latency.P50 < 10*each {
		t.Errorf("%.1f ms each, one at once: %+v, %+v", each, r.Latency, c)
	}
}

// Without tokens the load does not start, and the error says what to do.
func TestLoadNeedsTokens(t *testing.T) {
	t.Parallel()
	unreachable := countryAt("http://127.0.0.1:1")
	if _, err := synthetic.Run(t.Context(), unreachable); err == nil || !strings.Contains(err.Error(), "--tokens") {
		t.Errorf("an address that gives none out: %v", err)
	}
	f := testkit.NewFixture(t)
	path := filepath.Join(t.TempDir(), "tokens.json")
	file := `{"kela": {"system": "` + f.Tokens["system"] + `", "worker": "` + f.Tokens["kela"] + `", "unit": "toimeentulotuki"}}`
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := countryAt(f.Address)
	settings.Tokens = path
	if _, err := synthetic.Run(t.Context(), settings); err == nil || !strings.Contains(err.Error(), "social services") {
		t.Errorf("tokens of one agency: %v", err)
	}
}

// soakedFor is how long the country loads a cluster; the soak does so for longer.
func soakedFor(t *testing.T) (for_ time.Duration, long bool) {
	t.Helper()
	text := os.Getenv("SOAK_LOAD")
	if text == "" {
		return 5 * time.Second, false
	}
	return testkit.Must(time.ParseDuration(text)), true
}

// Separate processes on PostgreSQL and Redis lose nothing under the country's load. In the soak
// test, over a long time with 2,000 streams, neither goroutines nor memory grow, and the last
// answers are as fast as the first.
func TestLongLoadSoak(t *testing.T) {
	for_, long := soakedFor(t)
	env := clustertest.NewEnvironment(t, forMuchWork(t)...)
	env.Observed, env.Env = true, clustertest.ComposeGoEnv(t)
	if err := os.WriteFile(env.Directory, testkit.Must(synthetic.Directory()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := env.Start(t, 1, nil)
	settings := countryAt("http://" + c.Gateways[0].Address)
	settings.Duration, settings.Rate, settings.Days, settings.Metrics = for_, 100, 0, c.Metrics
	if long {
		settings.Rate, settings.Streams = 500, 2000
	}
	r, err := synthetic.Run(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := r.Text(&text); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text.String())
	if !r.Losses.None() || r.Commands.Accepted != r.Commands.Due || r.Server == nil || r.Server.FirstMemory <= 0 || r.Server.FirstGoroutines <= 0 {
		t.Errorf("%+v %+v", r.Losses, r.Server)
	}
	if s := r.Server; long && (s.LastGoroutines > 1.05*s.FirstGoroutines || s.LastMemory > 1.25*s.FirstMemory) {
		t.Errorf("it grows: %+v", s)
	}
	if long && (r.Latency.P99 > 2*r.FirstMinute.P99 || r.LastMinute.P99 > 2*r.FirstMinute.P99) {
		t.Errorf("it gets slower: p99 %.1f ms at first, %.1f ms at last, %.1f ms of all", r.FirstMinute.P99, r.LastMinute.P99, r.Latency.P99)
	}
	c.Fsck()
}
