package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
)

// text is a log that several write.
type text struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *text) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(line)
}

func (l *text) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// started is a sandbox with its address.
type started struct {
	*Sandbox

	address string
	stop    func()
}

// start starts a sandbox until the test ends.
func start(t *testing.T, config Config) started {
	t.Helper()
	if config.Data == "" {
		config.Data = t.TempDir()
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	opened := testkit.Must(Open(t.Context(), config))
	listener := testkit.Must(net.Listen("tcp", "127.0.0.1:0"))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- opened.Run(ctx, listener) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return started{opened, "http://" + listener.Addr().String(), stop}
}

// The events that the documentation shows are those for which there are stories: an event of an agency's mailbox that no
// story has cannot be asked for.
func TestEveryEventHasAStory(t *testing.T) {
	var shown map[string]json.RawMessage
	if err := json.Unmarshal(testkit.Must(os.ReadFile(testkit.Path("gateway/docs/data/events.json"))), &shown); err != nil {
		t.Fatal(err)
	}
	known, all := testkit.Must(LoadStories()), testkit.Must(scenes())
	for event := range shown {
		if len(known[event]) == 0 {
			t.Errorf("no story has %s: go test ./deploy/sandbox -run TestLongStories -update", event)
		}
	}
	for event, by := range known {
		for agency, story := range by {
			if _, err := all[story.Scenario].Live(story.Steps, scenario.Living{Client: func(code string) string { return code }}); err != nil || len(story.Steps) == 0 {
				t.Errorf("%s at %s: %v %v", event, agency, story, err)
			}
		}
	}
}

// The secrets that a partner gets are in files of its own, are kept, and are in no log.
func TestCredentials(t *testing.T) {
	log, data := &text{}, t.TempDir()
	first := start(t, Config{Data: data, Agency: "kela", Logger: slog.New(slog.NewJSONHandler(log, nil))})
	files := first.Credentials()
	var before [][]byte
	for _, path := range []string{files.IssuerKey, files.CallbackSecret} {
		content := testkit.Must(os.ReadFile(path))
		before = append(before, content)
		if info := testkit.Must(os.Stat(path)); info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", path, info.Mode())
		}
	}
	if !regexp.MustCompile(`^whsec_[A-Za-z0-9+/]{43}=\s*$`).Match(before[1]) {
		t.Errorf("the callback secret has %d bytes of another form", len(before[1]))
	}
	first.stop()
	if strings.Contains(log.String(), strings.TrimSpace(string(before[1]))) || strings.Contains(log.String(), `"d"`) {
		t.Error("the log holds a secret")
	}
	start(t, Config{Data: data, Agency: "kela"})
	if !slices.Equal(before[0], testkit.Must(os.ReadFile(files.IssuerKey))) || !slices.Equal(before[1], testkit.Must(os.ReadFile(files.CallbackSecret))) {
		t.Error("a restart makes other credentials")
	}
}

// An agency that is none of the scenarios takes the part of one, and receives its events.
func TestAgencyOfItsOwn(t *testing.T) {
	s := start(t, Config{Agency: "oma-hva", Like: "hva-pohjois-savo", Delay: time.Hour})
	told, err := s.teller.tell(t.Context(), "ConcernSubmitted")
	if err != nil || told.Event != "concern/ConcernSubmitted" || !strings.HasPrefix(told.Subject, "concerns/") || told.Sequence == 0 {
		t.Errorf("%+v, %v", told, err)
	}
	for like, agency := range map[string]string{"nobody": "oma", "": "oma", "hva-pohjois-savo": "kela"} {
		if _, err := Open(t.Context(), Config{Data: t.TempDir(), Agency: agency, Like: like, Logger: slog.New(slog.DiscardHandler)}); err == nil {
			t.Errorf("%s like %q is opened", agency, like)
		}
	}
}
