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

// Calling configures how a process connects to services.
type Calling struct {
	BackendCA   string `help:"File of the CA of the services' certificates. Without it, services must have loopback addresses." env:"KOPPI_BACKEND_CA"`
	BackendCert string `help:"File of the certificate that is shown to services." env:"KOPPI_BACKEND_CERT"`
	BackendKey  string `help:"File of that certificate's key." env:"KOPPI_BACKEND_KEY"`
}

// policy distributes calls over replicas, and retries calls if a replica was unavailable before it answered.
// Retries are safe, because every write has a request_id and takes effect once.
const policy = `{"loadBalancingConfig": [{"round_robin": {}}], "methodConfig": [{"name": [{}], "waitForReady": true, "retryPolicy": {
	"maxAttempts": 5, "initialBackoff": "0.05s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`

const (
	// Reconnect soon to a replica that was unavailable.
	retryBase      = 50 * time.Millisecond
	retryMax       = 2 * time.Second
	connectTimeout = 5 * time.Second
)

// Resolve names often, so that a replica that replaces another is found soon.
func init() { dns.SetMinResolutionInterval(retryMax) }

// Dial connects to the replicas of a service, each host:port. A single host may stand for many replicas, as
// in Kubernetes: its name is resolved again whenever a connection ends.
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
			// Each replica has a certificate for its own name.
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
				return nil, fmt.Errorf("%s: without --backend-ca services must have loopback addresses, such as 127.0.0.1:9001", replica)
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
