package partner

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// Connect returns a connection to Koppi's gateway, on which each call carries a token. The address begins with
// https://, or with http:// on a test installation. A partner that shows a certificate instead makes the connection
// itself, by grpc.NewClient.
func Connect(address string, token func(context.Context) (string, error)) (*grpc.ClientConn, error) {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return nil, errors.New("partner: the address is not https://host")
	}
	secure := target.Scheme == "https"
	host, transport := target.Host, insecure.NewCredentials()
	if secure {
		transport = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	}
	if target.Port() == "" {
		host += map[bool]string{true: ":443", false: ":80"}[secure]
	}
	return grpc.NewClient(host, grpc.WithTransportCredentials(transport), grpc.WithPerRPCCredentials(bearer{token, secure}))
}

// OnBehalfOf returns a context whose calls are those of a worker of the agency, given as "worker;unit;role". A stream
// that begins with it is the worker's until it ends.
func OnBehalfOf(ctx context.Context, worker string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "koppi-on-behalf-of", worker)
}

// bearer adds a token to each call.
type bearer struct {
	token  func(context.Context) (string, error)
	secure bool
}

func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := b.token(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.secure }
