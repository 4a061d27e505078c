// Package sandbox is a Koppi for partners: a test environment in one process, in which robots answer as a county or as
// Kela would, and in which every event of the partner's mailbox can be asked for.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"koppi.internal/deploy/allinone"
	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/session"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/serve"
)

// every is how often a robot looks into its mailbox.
const every = 500 * time.Millisecond

// Config is the configuration of a sandbox. Data, Agency and Logger are required.
type Config struct {
	// Data is the folder of databases, keys and credentials.
	Data string
	// Agency is the partner's own, and Like the agency of the scenarios whose part it takes; empty if it is one itself.
	Agency, Like string
	// Delay is how long a robot waits before it ends a matter.
	Delay time.Duration
	// Endpoint is the address at which Koppi calls the partner; empty if the partner reads its mailbox itself.
	Endpoint string
	// Callbacks are the settings of these calls; their secrets are the sandbox's own.
	Callbacks callback.Settings
	// Sessions configures the pages.
	Sessions session.Settings
	Logger   *slog.Logger
}

// Sandbox is an open sandbox.
type Sandbox struct {
	config   Config
	koppi    *allinone.Koppi
	robots   []*robot
	teller   *teller
	verifier *identity.Verifier
}

// Open opens a sandbox, and makes the partner's credentials at the first start. The caller must Run it.
func Open(ctx context.Context, config Config) (*Sandbox, error) {
	directory, err := agencies(config.Agency, config.Like, config.Endpoint)
	if err != nil {
		return nil, err
	}
	issuer, trusted, err := trust(config.Data, config.Agency)
	if err != nil {
		return nil, err
	}
	if config.Callbacks.CallbackSecrets, err = callbackSecrets(config.Data, config.Agency); err != nil {
		return nil, err
	}
	own := identity.VerifierConfig{Audience: identity.Audience, Issuers: trusted[:1], Directory: directory, Now: time.Now} //nolint:forbidigo // a token's time
	s := &Sandbox{config: config}
	if s.verifier, err = identity.NewVerifier(own); err != nil {
		return nil, err
	}
	s.koppi, err = allinone.Open(ctx, allinone.Config{
		Data: config.Data, Directory: directory, Logger: config.Logger, TestPersons: true, Movable: true, Issuers: trusted,
		Sessions: config.Sessions, Callbacks: config.Callbacks,
	})
	if err != nil {
		return nil, err
	}
	if err := s.people(issuer); err != nil {
		return nil, errors.Join(err, s.koppi.Close())
	}
	for _, agency := range directory.Agencies() {
		if agency.Key == config.Agency {
			continue
		}
		s.robots = append(s.robots, &robot{
			agency: agency.Key, conn: s.koppi.Backend(), issuer: issuer, directory: directory, delay: config.Delay, now: s.koppi.Now, logger: config.Logger,
			told: s.teller.marks.has, matters: map[string]*known{},
		})
	}
	return s, nil
}

// people makes the teller, who remembers the matters of its stories in a file.
func (s *Sandbox) people(issuer *identity.Issuer) error {
	secrets, err := identity.OpenSecrets(filepath.Join(s.config.Data, "secrets"))
	if err != nil {
		return err
	}
	all, err := LoadStories()
	if err != nil {
		return err
	}
	byName, err := scenes()
	if err != nil {
		return err
	}
	marked, err := openMarks(filepath.Join(s.config.Data, "robots", "stories.txt"))
	if err != nil {
		return err
	}
	like := s.config.Like
	if like == "" {
		like = s.config.Agency
	}
	s.teller = &teller{
		conn: s.koppi.Backend(), issuer: issuer, secrets: secrets, stories: all, scenes: byName, now: s.koppi.Now, advance: s.koppi.Advance,
		agency: s.config.Agency, like: like, marks: marked,
	}
	return nil
}

// Credentials are the files that the partner gets.
func (s *Sandbox) Credentials() Credentials { return credentials(s.config.Data) }

// Run serves on the listener until the context ends, then closes the sandbox.
func (s *Sandbox) Run(ctx context.Context, listener net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	mux := http.NewServeMux()
	mux.Handle("/", s.koppi.Handler())
	mux.HandleFunc("GET /sandbox/events", s.list)
	mux.HandleFunc("POST /sandbox/events/{name...}", s.event)
	group.Go(func() error { return s.koppi.Serve(ctx) })
	group.Go(func() error { return s.answer(ctx) })
	group.Go(func() error { return serve.HTTP(ctx, s.config.Logger, mux, listener) })
	err := group.Wait()
	return errors.Join(err, s.koppi.Close())
}

// answer lets the robots answer until the context ends. While a story is told, they wait.
func (s *Sandbox) answer(ctx context.Context) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		s.teller.mu.Lock()
		for _, one := range s.robots {
			if err := one.round(ctx); err != nil && ctx.Err() == nil {
				s.config.Logger.WarnContext(ctx, "a robot failed, and tries again", slog.String("agency", one.agency), slog.String("error", err.Error()))
			}
		}
		s.teller.mu.Unlock()
	}
}

// list answers with the events that the partner can ask for.
func (s *Sandbox) list(w http.ResponseWriter, r *http.Request) {
	if s.admitted(w, r) {
		respond(w, http.StatusOK, map[string][]string{"events": s.teller.stories.Of(s.teller.like)})
	}
}

// event makes an event happen, and answers when the partner's mailbox has it.
func (s *Sandbox) event(w http.ResponseWriter, r *http.Request) {
	if !s.admitted(w, r) {
		return
	}
	told, err := s.teller.tell(r.Context(), r.PathValue("name"))
	switch {
	case errors.Is(err, ErrUnknownEvent):
		respond(w, http.StatusNotFound, map[string]string{"message": err.Error()})
	case err != nil:
		s.config.Logger.WarnContext(r.Context(), "a story failed", slog.String("error", err.Error()))
		respond(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
	default:
		respond(w, http.StatusOK, told)
	}
}

// admitted refuses callers without a token of the partner's issuer.
func (s *Sandbox) admitted(w http.ResponseWriter, r *http.Request) bool {
	token, _ := identity.Bearer(r.Header.Get("Authorization"))
	if _, err := s.verifier.Verify(r.Context(), token); err != nil {
		respond(w, http.StatusUnauthorized, map[string]string{"message": err.Error()})
		return false
	}
	return true
}

func respond(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content) // the client may have disconnected
}
