package process

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/credentials/tls/certprovider/pemfile"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/dns"
	"google.golang.org/grpc/resolver/manual"

	"koppi.internal/pkg/reload"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/telemetry"
)

// Calling is how a process reaches services.
type Calling struct {
	BackendCA   string `help:"File of the CA of the services' certificates; without it they are reached on loopback alone." env:"KOPPI_BACKEND_CA"`
	BackendCert string `help:"File of the certificate shown to services." env:"KOPPI_BACKEND_CERT"`
	BackendKey  string `help:"File of its key." env:"KOPPI_BACKEND_KEY"`
}

// policy spreads calls over replicas and tries again where a replica was gone
// before it answered: every write has its request_id, so that a repetition has the
// first one's effect.
const policy = `{"loadBalancingConfig": [{"round_robin": {}}], "methodConfig": [{"name": [{}], "waitForReady": true, "retryPolicy": {
	"maxAttempts": 5, "initialBackoff": "0.05s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`

const (
	// A replica that is gone is soon tried again.
	retryBase      = 50 * time.Millisecond
	retryMax       = 2 * time.Second
	connectTimeout = 5 * time.Second
)

// A replica that took the place of another is soon found.
func init() { dns.SetMinResolutionInterval(retryMax) }

// Dial leads to the replicas of a service, host:port each. One host alone may stand for
// many, as in Kubernetes: its name is looked up again whenever a connection ends.
func (c Calling) Dial(replicas []string) (*grpc.ClientConn, error) {
	secured, err := c.credentials(replicas)
	if err != nil {
		return nil, err
	}
	scheme, found := "dns", manual.NewBuilderWithScheme("koppi")
	if len(replicas) > 1 {
		scheme = found.Scheme()
		var addresses []resolver.Address
		for _, replica := range replicas {
			// Each replica shows a certificate of its own name.
			addresses = append(addresses, resolver.Address{Addr: replica, ServerName: replica})
		}
		found.InitialState(resolver.State{Addresses: addresses})
	}
	retry := backoff.DefaultConfig
	retry.BaseDelay, retry.MaxDelay = retryBase, retryMax
	return grpc.NewClient(scheme+":///"+replicas[0], telemetry.Calls(), grpc.WithResolvers(found), grpc.WithTransportCredentials(secured), grpc.WithDefaultServiceConfig(policy), grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(2*serve.MaxMessage)),
		grpc.WithStaticStreamWindowSize(serve.StreamWindow), grpc.WithStaticConnWindowSize(serve.ConnWindow),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: connectTimeout}))
}

func (c Calling) credentials(replicas []string) (credentials.TransportCredentials, error) {
	if c.BackendCA == "" {
		for _, replica := range replicas {
			host, _, err := net.SplitHostPort(replica)
			if err != nil || !net.ParseIP(host).IsLoopback() {
				return nil, fmt.Errorf("%s: without --backend-ca services are reached on loopback alone, such as 127.0.0.1:9001", replica)
			}
		}
		return insecure.NewCredentials(), nil
	}
	if err := checkCertificates(c.BackendCA); err != nil {
		return nil, fmt.Errorf("--backend-ca: %w", err)
	}
	options := pemfile.Options{RootFile: c.BackendCA, RefreshDuration: reload.Every}
	if strings.TrimSpace(c.BackendCert) != "" {
		if _, err := tls.LoadX509KeyPair(c.BackendCert, c.BackendKey); err != nil {
			return nil, fmt.Errorf("--backend-cert and --backend-key: %w", err)
		}
		options.CertFile, options.KeyFile = c.BackendCert, c.BackendKey
	}
	return rotating(options)
}
