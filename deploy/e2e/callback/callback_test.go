package callback

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/lease"
	"koppi.internal/pkg/notify/redistest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// faulty answers now and then as no endpoint should: late, with errors, with
// garbage, elsewhere, or not at all, before or after it has taken what came.
func faulty(handler http.Handler, faults *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fault := rand.IntN(14)
		if fault < 8 {
			faults.Add(1)
		}
		switch fault {
		case 0:
			http.Error(w, "no", http.StatusInternalServerError)
		case 1:
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case 2:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"accepted": 4294967295}`)
		case 3:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"accepted": "many`)
		case 4: // takes it, and its answer is lost
			handler.ServeHTTP(discard{header: http.Header{}}, r)
			panic(http.ErrAbortHandler)
		case 5: // dies before it takes anything
			panic(http.ErrAbortHandler)
		case 6: // takes it too late
			<-time.After(partnertest.CallbackTiming.Answer + 50*time.Millisecond)
			handler.ServeHTTP(w, r)
		case 7:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"accepted": 0, "refused": {"code": 14}}`)
		default:
			handler.ServeHTTP(w, r)
		}
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header          { return d.header }
func (discard) Write(body []byte) (int, error) { return len(body), nil }
func (discard) WriteHeader(int)                {}

// A partner that answers late, with errors or with garbage, or that dies in the middle of a call,
// gets every message in the end, once and in order, and each call is signed. Its secret is rotated
// meanwhile.
func TestCallbackToAFaultyPartner(t *testing.T) {
	const commands = 300
	e := partnertest.NewEndpoint(t)
	f := newCalled(t, "CONNECT", e.Address+"/koppi", callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret, partnertest.OldCallbackSecret)})
	box := partnertest.OpenInbox(t, "kela")
	defer func() { _ = box.Close() }()
	var faults atomic.Int64
	// Two endpoints over one inbox, as while a secret is changed: one takes at a time.
	var taking sync.Mutex
	set := func(secret string) {
		endpoint := box.Endpoint(t, secret)
		e.Handle(faulty(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			taking.Lock()
			defer taking.Unlock()
			endpoint.ServeHTTP(w, r)
		}), &faults))
	}
	set(partnertest.OldCallbackSecret)
	service := concernv1.NewConcernServiceClient(f.Conn())
	for i := range commands {
		if i == commands/2 {
			box.Reach(t, commands/4)
			set(partnertest.CallbackSecret)
		}
		if _, err := service.SubmitConcern(f.As("kela"), testkit.Submission()); err != nil {
			t.Fatal(err)
		}
	}
	box.Reach(t, commands)
	partnertest.CheckFile(t, box.Path, commands)
	if faults.Load() < 5 {
		t.Errorf("only %d faults", faults.Load())
	}
	t.Logf("%d faults", faults.Load())
}

// repeatsOneCall hands calls on, and fails where one goes back behind the beginning of
// the call before it: what was acknowledged is not sent again.
func repeatsOneCall(t *testing.T, handler http.Handler) http.HandlerFunc {
	t.Helper()
	var mu sync.Mutex
	var before uint64
	return func(w http.ResponseWriter, r *http.Request) {
		body := testkit.Must(io.ReadAll(r.Body))
		request := &exchangev1.DeliverRequest{}
		if err := protojson.Unmarshal(body, request); err != nil {
			t.Error(err)
		}
		mu.Lock()
		if first := request.GetMessages()[0].GetSequence(); first < before {
			t.Errorf("a call begins at %d after one that began at %d", first, before)
		} else {
			before = first
		}
		mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		handler.ServeHTTP(w, r)
	}
}

// Only one of two gateways calls the endpoint. When it stops, the other continues, and messages
// still arrive once and in order. At most the batch in flight is repeated.
func TestCallbackTakeover(t *testing.T) {
	const commands = 200
	e := partnertest.NewEndpoint(t)
	f := testkit.NewFixtureWith(t, allinone.Config{Data: t.TempDir()})
	agencies, err := directory.Parse(partnertest.CallbackDirectory(t, "CONNECT", e.Address))
	if err != nil {
		t.Fatal(err)
	}
	box := partnertest.OpenInbox(t, "kela")
	defer func() { _ = box.Close() }()
	e.Handle(repeatsOneCall(t, box.Endpoint(t, partnertest.CallbackSecret)))
	redis := redistest.Start(t)
	client := redis.Client()
	gateway := func() (stop func()) {
		calls, err := callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)}.Open(callback.Surroundings{
			Exchange: f.Koppi.Backend(), Directory: agencies, Leases: lease.NewRedis(redis.Client()),
			Logger: slog.New(slog.NewTextHandler(leaktest.LogWriter(), nil)), Dev: true, Timing: partnertest.CallbackTiming,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- calls.Run(ctx) }()
		return sync.OnceFunc(func() {
			cancel()
			if err := errors.Join(<-ended, calls.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	first, second := gateway(), gateway()
	defer first()
	defer second()
	service := concernv1.NewConcernServiceClient(f.Conn())
	var third func()
	for i := range commands {
		if i == commands/2 {
			first()
		}
		if i == commands*3/4 {
			if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			third = gateway()
			defer third()
		}
		if i == commands*7/8 {
			// Who goes on now has called before, and must not go on where it stopped.
			box.Reach(t, uint64(i))
			third()
		}
		if _, err := service.SubmitConcern(f.As("kela"), testkit.Submission()); err != nil {
			t.Fatal(err)
		}
	}
	box.Reach(t, commands)
	partnertest.CheckFile(t, box.Path, commands)
}
