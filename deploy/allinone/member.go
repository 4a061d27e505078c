package allinone

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"buf.build/go/protovalidate"
	"github.com/tink-crypto/tink-go/v2/tink"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	services "koppi.internal/deploy/suite"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
	"koppi.internal/pkg/signal"
	"koppi.internal/pkg/transparency"
)

// parts are what all services share in one process.
type parts struct {
	folder      string
	persons     idcode.Persons
	kek         tink.AEAD
	secrets     *identity.Secrets
	attachments *attachment.Store
	// limiter is the rate limiter of callers, shared by all services; nil for none.
	limiter *limit.Limiter
	// callers issues the tokens that name a caller to the services; verifier trusts its issuer
	// alone.
	callers  *identity.TokenExchange
	verifier *identity.Verifier
	// issuer issues development tokens; nil without Dev.
	issuer *identity.Issuer
}

func (k *Koppi) parts(ctx context.Context, persons idcode.Persons) (*parts, error) {
	config := k.config
	p := &parts{persons: persons, folder: filepath.Join(config.Data, "secrets")}
	var err error
	source := process.Keyring{KEK: config.KEK}.Source(p.folder, config.Dev)
	if p.kek, err = source.Make(ctx); err != nil {
		return nil, err
	}
	if p.limiter, err = config.Limits.Open(nil); err != nil {
		return nil, err
	}
	if k.attachments, err = OpenAttachments(ctx, config.Data, p.kek); err != nil {
		return nil, err
	}
	p.attachments = k.attachments
	if p.secrets, err = identity.OpenSecrets(p.folder); err != nil {
		return nil, err
	}
	if err := transparency.MakeKeys(p.folder); err != nil {
		return nil, err
	}
	callers := process.Callers{
		Issuers: config.Issuers, Partners: config.Partners, Dev: config.Dev, Persons: persons, Folder: p.folder, Secrets: p.secrets, Directory: config.Directory, Logger: config.Logger,
	}
	if p.callers, err = callers.Open(); err != nil {
		return nil, err
	}
	if p.verifier, err = identity.NewSuiteVerifier(p.folder, persons, config.Directory, time.Now); err != nil || !config.Dev {
		return p, err
	}
	p.issuer, err = identity.OpenDevIssuer(p.folder, dev.IssuerName)
	return p, err
}

// OpenAttachments opens the folders of attachments and of their keys in a data folder.
func OpenAttachments(ctx context.Context, data string, kek tink.AEAD) (*attachment.Store, error) {
	at, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	folder := func(name string) string {
		return (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(at, name))}).String()
	}
	return attachment.Open(ctx, folder("attachments"), folder("attachment.keys"), kek)
}

// member is one service in the process: its own database, and an in-memory listener with the same
// handlers and interceptors as over the network.
type member struct {
	name     string
	service  program.Service
	store    *sqlite.Store
	server   *serve.Server
	listener *bufconn.Listener
	conn     *grpc.ClientConn
	hub      *notify.Hub
}

func newMember(ctx context.Context, config Config, p *parts, hosted services.Service) (*member, error) {
	paths := Paths(config.Data, hosted.Name)
	if _, err := os.Stat(paths.Journal); err == nil && !config.Clock.IsZero() {
		return nil, ErrDataExists
	}
	m := &member{name: hosted.Name, listener: serve.Memory(), hub: &notify.Hub{}}
	var err error
	if m.store, err = sqlite.Open(ctx, sqlite.Config{Path: paths.Journal, KeysPath: paths.Keys, KEK: p.kek}); err != nil {
		return nil, err
	}
	if m.conn, err = serve.Connect(m.listener); err != nil {
		return nil, errors.Join(err, m.store.Close())
	}
	if err := m.build(ctx, config, p, hosted); err != nil {
		return nil, errors.Join(err, m.conn.Close(), m.store.Close())
	}
	return m, nil
}

func (m *member) build(ctx context.Context, config Config, p *parts, hosted services.Service) error {
	if err := service.MarkPersons(ctx, m.store, p.persons); err != nil {
		return err
	}
	deps := service.Deps{
		Store: m.store, Settings: m.store, Counters: m.store, Notices: m.store, AccessLog: m.store, Log: m.store, Retention: m.store, Overviews: m.store, Records: m.store, Signals: &signal.Local{}, Directory: config.Directory, Grounds: config.Grounds.Grounds, Attachments: p.attachments, Secrets: p.secrets, Clock: clock.System(), Notify: m.hub,
		NewID: command.NewID, Random: rand.Reader, Calls: m.conn, Logger: config.Logger, Persons: p.persons,
	}
	if config.Dev || config.Movable {
		adjustable, err := clock.Open(ctx, m.store, config.Clock)
		if err != nil {
			return err
		}
		deps.Clock = adjustable
	}
	validator, err := protovalidate.New()
	if err != nil {
		return fmt.Errorf("validation rules: %w", err)
	}
	m.server = serve.NewGRPC(serve.Config{
		Logger: config.Logger, Verifier: p.verifier, Validator: validator, Limiter: p.limiter,
		Now: deps.Clock.Now, Codes: config.Codes.Codes, Public: dev.IsMethod, Suite: service.SuiteMethods(m.name),
	})
	if m.service, err = hosted.New(deps); err != nil {
		return err
	}
	m.service.Register(m.server)
	if p.issuer != nil {
		trial := &dev.Service{Issuer: p.issuer, Directory: config.Directory, Secrets: p.secrets, Services: []dev.Advancer{m.service}}
		trial.Register(m.server)
	}
	return nil
}
