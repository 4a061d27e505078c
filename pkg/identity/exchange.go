package identity

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/pkg/fault"
)

const (
	// callLife is the life of a token for a unary call: no call lasts longer.
	callLife = 2*time.Minute + skew
	// streamLife is the life of a token for a stream, which ends by itself within an hour.
	streamLife = 65 * time.Minute
	// maxMinted is the most tokens that are kept for further calls of the same caller.
	maxMinted = 4096
)

// TokenExchange authenticates callers by their token, certificate or session, and names them to services in a
// token of the suite's own (after RFC 8693). The caller's own credential is not passed on: no service holds
// anything that an agency's issuer signed, and a service's token is of no use at a gateway. It is safe for
// concurrent use.
type TokenExchange struct {
	config TokenExchangeConfig
	// suite verifies the suite's own tokens.
	suite  *Verifier
	minted *lru.Cache[Caller, minted]
}

// TokenExchangeConfig configures a TokenExchange. All fields but Partners are required.
type TokenExchangeConfig struct {
	// Verifier verifies the agencies' tokens.
	Verifier *Verifier
	// Partners are the systems that authenticate by certificate; nil for none.
	Partners *Partners
	// Issuer is the suite's own issuer.
	Issuer *Issuer
	Logger *slog.Logger
	// Now returns the wall clock time.
	Now func() time.Time
}

type minted struct {
	token string
	ends  time.Time
}

// NewTokenExchange returns a TokenExchange.
func NewTokenExchange(config TokenExchangeConfig) (*TokenExchange, error) {
	kept, err := lru.New[Caller, minted](maxMinted)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	own, err := config.Issuer.For()
	if err != nil {
		return nil, err
	}
	own.Everyone, own.suite = true, true
	suite, err := NewVerifier(VerifierConfig{Audience: SuiteAudience, Issuers: []IssuerConfig{own}, Directory: config.Verifier.config.Directory, Now: config.Now})
	if err != nil {
		return nil, err
	}
	return &TokenExchange{config: config, suite: suite, minted: kept}, nil
}

// Verifier returns the verifier of callers' tokens.
func (x *TokenExchange) Verifier() *Verifier { return x.config.Verifier }

// Completed wraps a connection so that each call carries the suite's token for its caller. A call without
// credentials is passed on without a caller; the service decides which methods are public. Admit is nil for
// none. The context of the wrapped connection's calls carries the caller.
func (x *TokenExchange) Completed(to grpc.ClientConnInterface, admit Admit) grpc.ClientConnInterface {
	return exchanged{TokenExchange: x, to: to, admit: admit}
}

// Admit refuses a verified caller that may not call, or adds to it what Koppi knows of it.
type Admit func(context.Context, Caller) (Caller, error)

// Conn is Completed with nothing to add.
func (x *TokenExchange) Conn(to grpc.ClientConnInterface) grpc.ClientConnInterface {
	return x.Completed(to, nil)
}

type exchanged struct {
	*TokenExchange

	to    grpc.ClientConnInterface
	admit Admit
}

// Invoke makes a call with the suite's token for its caller.
func (e exchanged) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	ctx, err := e.exchange(ctx, method, false)
	if err != nil {
		return err
	}
	return e.to.Invoke(ctx, method, in, out, options...)
}

// NewStream opens a stream with the suite's token for its caller.
func (e exchanged) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, err := e.exchange(ctx, method, true)
	if err != nil {
		return nil, err
	}
	return e.to.NewStream(ctx, desc, method, options...)
}

// Own wraps a connection so that calls of methods of the internal API carry a token of the suite itself.
// Other calls are unchanged.
func (x *TokenExchange) Own(to grpc.ClientConnInterface, suite func(method string) bool) grpc.ClientConnInterface {
	return own{TokenExchange: x, to: to, suite: suite}
}

type own struct {
	*TokenExchange

	to    grpc.ClientConnInterface
	suite func(method string) bool
}

// Invoke makes a call, with the suite's own token if the method is internal.
func (o own) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	ctx, err := o.named(ctx, method, false)
	if err != nil {
		return err
	}
	return o.to.Invoke(ctx, method, in, out, options...)
}

// NewStream opens a stream, with the suite's own token if the method is internal.
func (o own) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, err := o.named(ctx, method, true)
	if err != nil {
		return nil, err
	}
	return o.to.NewStream(ctx, desc, method, options...)
}

// named replaces the credentials of an internal call by the suite's own token.
func (o own) named(ctx context.Context, method string, stream bool) (context.Context, error) {
	if !o.suite(method) {
		return ctx, nil
	}
	token, err := o.token(Caller{Role: RoleSuite}, stream)
	if err != nil {
		return ctx, err
	}
	shown, _ := metadata.FromOutgoingContext(ctx)
	shown = shown.Copy()
	shown.Delete(MetadataOnBehalfOf)
	shown.Set(metadataAuthorization, bearerPrefix+token)
	return metadata.NewOutgoingContext(ctx, shown), nil
}

// exchange replaces the credentials of an outgoing call by the suite's token for its caller.
func (e exchanged) exchange(ctx context.Context, method string, stream bool) (context.Context, error) {
	shown, _ := metadata.FromOutgoingContext(ctx)
	if shown == nil {
		shown = metadata.MD{}
	}
	caller, known, err := e.caller(ctx, shown)
	if err == nil && known && e.admit != nil {
		caller, err = e.admit(ctx, caller)
	}
	if err != nil {
		e.refused(ctx, method, err)
		return ctx, err
	}
	shown.Delete(metadataAuthorization)
	shown.Delete(MetadataOnBehalfOf)
	if known {
		ctx = WithCaller(ctx, caller)
		token, err := e.token(caller, stream)
		if err != nil {
			return ctx, err
		}
		shown.Set(metadataAuthorization, bearerPrefix+token)
	}
	return metadata.NewOutgoingContext(ctx, shown), nil
}

// refused logs that a caller may not call a method.
func (x *TokenExchange) refused(ctx context.Context, method string, err error) {
	x.config.Logger.InfoContext(ctx, "caller refused", slog.String("method", method), slog.String("reason", string(fault.ReasonOf(err))))
}

// caller returns the caller of a call; false if the call has no credentials. A certificate beside a token
// binds the token: a system may not use a token of another agency.
func (x *TokenExchange) caller(ctx context.Context, shown metadata.MD) (caller Caller, known bool, err error) {
	header := shown.Get(metadataAuthorization)
	certified, certificate, err := x.certified(ctx)
	switch {
	case err != nil:
	case len(header) > 0:
		known = true
		if caller, err = x.config.Verifier.bearer(ctx, header); err == nil && certificate && caller.Agency != certified.Agency {
			err = invalidToken("it speaks for a different agency than the certificate")
		}
	case certificate:
		caller, known = certified, true
	default:
		caller, known = FromContext(ctx)
	}
	if named := shown.Get(MetadataOnBehalfOf); err == nil && known && len(named) > 0 {
		caller, err = x.config.Verifier.onBehalf(caller, named, MetadataOnBehalfOf)
	}
	return caller, known, err
}

func (x *TokenExchange) certified(ctx context.Context) (Caller, bool, error) {
	chain, shown := ctx.Value(certificateKey{}).([]*x509.Certificate)
	if !shown || x.config.Partners == nil {
		return Caller{}, false, nil
	}
	caller, err := x.config.Partners.Caller(chain)
	return caller, true, err
}

// token returns the suite's own token for a caller. It expires no later than the caller's own credential.
func (x *TokenExchange) token(caller Caller, stream bool) (string, error) {
	now := x.config.Now()
	kept, found := x.minted.Get(caller)
	if found && !stream && now.Add(callLife/2).Before(kept.ends) {
		return kept.token, nil
	}
	life := callLife
	if stream {
		life = streamLife
	}
	if left := caller.Expires.Sub(now); !caller.Expires.IsZero() && left < life {
		life = left
	}
	token, err := x.config.Issuer.Issue(caller, now, life)
	if err == nil && !stream {
		x.minted.Add(caller, minted{token: token, ends: now.Add(life)})
	}
	return token, err
}

// bearer verifies the single token of a header.
func (v *Verifier) bearer(ctx context.Context, header []string) (Caller, error) {
	token, ok := Bearer(header[0])
	if !ok || len(header) > 1 {
		return Caller{}, invalidToken("it is malformed")
	}
	return v.Verify(ctx, token)
}
