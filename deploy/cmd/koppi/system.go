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

// callingSystem is an agency's system that calls a running Koppi, with a token or with its certificate.
type callingSystem struct {
	Agency    string `help:"Agency whose system calls." required:""`
	Address   string `help:"Koppi's address." default:"http://127.0.0.1:8080"`
	TokenFile string `help:"File with a token of role system, read whenever a token is needed; without it and without a certificate, a token is requested from a development instance."`
	Cert      string `help:"File with the system's certificate in PEM, instead of a token."`
	Key       string `help:"File with the certificate's private key in PEM."`
	CA        string `help:"File with the CA, in PEM, of Koppi's certificate, if this machine does not trust it."`
}

// connect returns a connection, and what gives the token of a call: nil where the connection shows a certificate.
func (s callingSystem) connect() (*grpc.ClientConn, func(context.Context) (string, error), error) {
	config, err := s.tls()
	if err != nil {
		return nil, nil, err
	}
	conn, err := dialWith(s.Address, config)
	if err != nil || s.Cert != "" {
		return conn, nil, err
	}
	return conn, s.token, nil
}

func (s callingSystem) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		trusted, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(trusted) {
			return nil, errors.New("--ca: the file contains no certificate in PEM")
		}
	}
	if s.Cert == "" && s.Key == "" {
		return config, nil
	}
	if target, err := located(s.Address); err != nil || target.Scheme != "https" {
		return nil, errors.Join(err, errors.New("--cert: a certificate is shown over https only"))
	}
	if s.TokenFile != "" {
		return nil, errors.New("--cert and --token-file: give one of the two")
	}
	pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
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
