package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// calling is a running Koppi, and how its caller shows who it is. A call has a token or shows a certificate.
type calling struct {
	Address string `help:"Koppi's address." default:"http://127.0.0.1:8080"`
	Cert    string `help:"File with the system's certificate in PEM, instead of a token."`
	Key     string `help:"File with the certificate's private key in PEM."`
	CA      string `help:"File with the CA, in PEM, of Koppi's certificate, if this machine does not trust it."`
}

// callingSystem is an agency's system that calls a running Koppi.
type callingSystem struct {
	calling `embed:""`

	Agency    string `help:"Agency whose system calls." required:""`
	TokenFile string `help:"File with a token of role system, read whenever a token is needed; without it and without a certificate, a token is requested from a development instance."`
}

// connect returns a connection, and what gives the token of a call: nil where the connection shows a certificate.
func (s callingSystem) connect() (*grpc.ClientConn, func(context.Context) (string, error), error) {
	conn, err := s.dial(s.TokenFile)
	if err != nil || s.Cert != "" {
		return conn, nil, err
	}
	return conn, s.token, nil
}

// dial connects, with the certificate if there is one. It refuses a certificate beside a token.
func (c calling) dial(tokenFile string) (*grpc.ClientConn, error) {
	config, err := c.tls(tokenFile)
	if err != nil {
		return nil, err
	}
	return dialWith(c.Address, config)
}

func (c calling) tls(tokenFile string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		trusted, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(trusted) {
			return nil, errors.New("--ca: the file contains no certificate in PEM")
		}
	}
	if c.Cert == "" && c.Key == "" {
		return config, nil
	}
	if target, err := located(c.Address); err != nil || target.Scheme != "https" {
		return nil, errors.Join(err, errors.New("--cert: a certificate is shown over https only"))
	}
	if tokenFile != "" {
		return nil, errors.New("--cert and --token-file: give one of the two")
	}
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("--cert and --key: %w", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

func (s callingSystem) token(ctx context.Context) (string, error) {
	if s.TokenFile == "" {
		return devToken(ctx, s.Address, s.Agency, "", "", "system")
	}
	return tokenOf(s.TokenFile)
}

// dial connects with TLS to an https address, and without to an http address.
func dial(address string) (*grpc.ClientConn, error) {
	return dialWith(address, &tls.Config{MinVersion: tls.VersionTLS12})
}

func dialWith(address string, config *tls.Config) (*grpc.ClientConn, error) {
	target, err := located(address)
	if err != nil {
		return nil, err
	}
	host, secured := target.Host, insecure.NewCredentials()
	if target.Scheme == "https" {
		secured = credentials.NewTLS(config)
		if target.Port() == "" {
			host += ":443"
		}
	}
	return grpc.NewClient(host, grpc.WithTransportCredentials(secured))
}
