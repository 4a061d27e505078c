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
	// callLife of a token for a call of one message: no call lasts longer.
	callLife = 2*time.Minute + skew
	// streamLife of one for a stream, which ends by itself within the hour.
	streamLife = 65 * time.Minute
	// maxMinted bounds how many tokens are kept for the next call of the same caller.
	maxMinted = 4096
)

// TokenExchange is where callers are known by what they show, a token, a certificate or
// a session, and named to services by a token of the suite's own (after RFC 8693). What
// they show goes no further: no service holds anything that an agency's issuer signed,
// and what a service holds is of no use at a gateway. It is safe for concurrent use.
type TokenExchange struct {
	config TokenExchangeConfig
	minted *lru.Cache[Caller, minted]
}

// TokenExchangeConfig is what it is made of. All but Partners is required.
type TokenExchangeConfig struct {
	// Verifier of the agencies' tokens.
	Verifier *Verifier
	// Partners are systems that show certificates; nil for none.
	Partners *Partners
	// Issuer is the suite's own.
	Issuer *Issuer
	Logger *slog.Logger
	// Now is the wall clock.
	Now func() time.Time
}

type minted struct {
	token string
	ends  time.Time
}

// NewTokenExchange makes one.
func NewTokenExchange(config TokenExchangeConfig) (*TokenExchange, error) {
	kept, err := lru.New[Caller, minted](maxMinted)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	return &TokenExchange{config: config, minted: kept}, nil
}

// Verifier of what callers show.
func (x *TokenExchange) Verifier() *Verifier { return x.config.Verifier }

// Conn leads where another connection does, in the caller's name as the suite says it.
// Who shows nothing calls as nobody: the service says what is open to them.
func (x *TokenExchange) Conn(to grpc.ClientConnInterface) grpc.ClientConnInterface {
	return exchanged{TokenExchange: x, to: to}
}

type exchanged struct {
	*TokenExchange

	to grpc.ClientConnInterface
}

// Invoke calls in the caller's name.
func (e exchanged) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	ctx, err := e.exchange(ctx, method, false)
	if err != nil {
		return err
	}
	return e.to.Invoke(ctx, method, in, out, options...)
}

// NewStream opens a stream in the caller's name.
func (e exchanged) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, err := e.exchange(ctx, method, true)
	if err != nil {
		return nil, err
	}
	return e.to.NewStream(ctx, desc, method, options...)
}

// Own leads where another connection does, in the suite's own name for the methods that
// answer its processes alone. Other calls pass as they are.
func (x *TokenExchange) Own(to grpc.ClientConnInterface, suite func(method string) bool) grpc.ClientConnInterface {
	return own{TokenExchange: x, to: to, suite: suite}
}

type own struct {
	*TokenExchange

	to    grpc.ClientConnInterface
	suite func(method string) bool
}

// Invoke calls.
func (o own) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	ctx, err := o.named(ctx, method, false)
	if err != nil {
		return err
	}
	return o.to.Invoke(ctx, method, in, out, options...)
}

// NewStream opens a stream.
func (o own) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, err := o.named(ctx, method, true)
	if err != nil {
		return nil, err
	}
	return o.to.NewStream(ctx, desc, method, options...)
}

// named puts the suite's own token in the place of whatever a call within the suite shows.
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

// exchange puts the suite's token in the place of what an outgoing call shows.
func (x *TokenExchange) exchange(ctx context.Context, method string, stream bool) (context.Context, error) {
	shown, _ := metadata.FromOutgoingContext(ctx)
	if shown == nil {
		shown = metadata.MD{}
	}
	caller, known, err := x.caller(ctx, shown)
	if err != nil {
		x.config.Logger.InfoContext(ctx, "caller refused", slog.String("method", method), slog.String("reason", string(fault.ReasonOf(err))))
		return ctx, err
	}
	shown.Delete(metadataAuthorization)
	shown.Delete(MetadataOnBehalfOf)
	if known {
		token, err := x.token(caller, stream)
		if err != nil {
			return ctx, err
		}
		shown.Set(metadataAuthorization, bearerPrefix+token)
	}
	return metadata.NewOutgoingContext(ctx, shown), nil
}

// caller is who calls; false where the call shows nothing. A certificate beside a token
// binds it: a system shows no other agency's.
func (x *TokenExchange) caller(ctx context.Context, shown metadata.MD) (caller Caller, known bool, err error) {
	header := shown.Get(metadataAuthorization)
	certified, certificate, err := x.certified(ctx)
	switch {
	case err != nil:
	case len(header) > 0:
		known = true
		if caller, err = x.config.Verifier.bearer(ctx, header); err == nil && certificate && caller.Agency != certified.Agency {
			err = invalidToken("it speaks for another agency than the certificate")
		}
	case certificate:
		caller, known = certified, true
	default:
		caller, known = FromContext(ctx)
	}
	if named := shown.Get(MetadataOnBehalfOf); err == nil && known && len(named) > 0 {
		caller, err = x.config.Verifier.onBehalf(caller, named)
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

// token is the suite's own for a caller: it ends with what the caller showed.
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

// bearer verifies the one token of a header.
func (v *Verifier) bearer(ctx context.Context, header []string) (Caller, error) {
	token, ok := Bearer(header[0])
	if !ok || len(header) > 1 {
		return Caller{}, invalidToken("its form")
	}
	return v.Verify(ctx, token)
}
