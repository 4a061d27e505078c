package process

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/tls/certprovider"
	"google.golang.org/grpc/credentials/tls/certprovider/pemfile"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/reload"
)

// tls returns the TLS configuration of a listener; nil if it has none. Client certificates of partners are
// requested but optional: a caller without one is authenticated by a token.
func (l Listening) tls(partners *identity.Partners) (*tls.Config, certprovider.Provider, error) {
	if l.TLSCert == "" && l.TLSKey == "" && l.ClientCA == "" {
		if partners != nil {
			return nil, nil, errors.New("--partners needs --tls-cert and --tls-key: certificates are shown over TLS")
		}
		return nil, nil, nil
	}
	if partners != nil && l.ClientCA != "" {
		return nil, nil, errors.New("--client-ca and --partners: the file of partners names the CAs of callers")
	}
	if _, err := tls.LoadX509KeyPair(l.TLSCert, l.TLSKey); err != nil {
		return nil, nil, fmt.Errorf("--tls-cert and --tls-key: %w", err)
	}
	if l.ClientCA != "" {
		if err := checkCertificates(l.ClientCA); err != nil {
			return nil, nil, fmt.Errorf("--client-ca: %w", err)
		}
	}
	files, err := pemfile.NewProvider(pemfile.Options{CertFile: l.TLSCert, KeyFile: l.TLSKey, RootFile: l.ClientCA, RefreshDuration: reload.Every})
	if err != nil {
		return nil, nil, err
	}
	config := serverTLS()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		now, err := files.KeyMaterial(hello.Context())
		if err != nil {
			return nil, err
		}
		config := serverTLS()
		config.Certificates = now.Certs
		switch {
		case partners != nil:
			config.ClientAuth, config.ClientCAs = tls.VerifyClientCertIfGiven, partners.Pool()
		case l.ClientCA != "":
			config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, now.Roots
		}
		return config, nil
	}
	return config, files, nil
}

func serverTLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
}

// secured is a listener whose certificate files are watched until it is closed.
type secured struct {
	net.Listener

	files certprovider.Provider
}

func (s secured) Close() error {
	s.files.Close()
	return s.Listener.Close()
}

// rotated are credentials with the current certificates of their files.
type rotated struct {
	credentials.TransportCredentials

	files certprovider.Provider
	own   bool
}

// rotating returns credentials that present a certificate, if one is configured, and trust a CA.
func rotating(options pemfile.Options) (credentials.TransportCredentials, error) {
	files, err := pemfile.NewProvider(options)
	if err != nil {
		return nil, err
	}
	return rotated{TransportCredentials: credentials.NewTLS(nil), files: files, own: options.CertFile != ""}, nil
}

// ClientHandshake uses the certificates that the files contain now.
func (r rotated) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	now, err := r.files.KeyMaterial(ctx)
	if err != nil {
		return nil, nil, err
	}
	config := &tls.Config{RootCAs: now.Roots, MinVersion: tls.VersionTLS12}
	if r.own {
		config.Certificates = now.Certs
	}
	return credentials.NewTLS(config).ClientHandshake(ctx, authority, conn)
}

// Clone returns the same credentials, which hold no state of a connection.
func (r rotated) Clone() credentials.TransportCredentials { return r }

// checkCertificates refuses a file without certificates, so that the error appears at the start and not at
// the first handshake.
func checkCertificates(path string) error {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return errors.New("it holds no certificate")
	}
	return nil
}
