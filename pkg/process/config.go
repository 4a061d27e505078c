// Package process contains what every Koppi process needs: configuration, listeners, logging and shutdown.
package process

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/loopback"
	"koppi.internal/pkg/telemetry"
)

// Listening configures the address on which a process listens, and its TLS.
type Listening struct {
	Listen   string `help:"Address to serve on. Without TLS, it must be a loopback address." default:"127.0.0.1:8080" env:"KOPPI_LISTEN"`
	TLSCert  string `help:"File of this process's certificate." env:"KOPPI_TLS_CERT"`
	TLSKey   string `help:"File of that certificate's key." env:"KOPPI_TLS_KEY"`
	ClientCA string `help:"File of the CA of the certificates that callers must show." env:"KOPPI_CLIENT_CA"`
}

// Main parses flags and environment into a configuration, and calls run with a context that ends on a signal.
// It refuses to start if there are unknown settings.
func Main[C any](name, description string, run func(context.Context, *C) error) {
	var config C
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parser := kong.Must(&config, kong.Name(name), kong.Description(description), kong.UsageOnError())
	parser.FatalIfErrorf(CheckArguments(os.Args[1:]))
	_, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	if err := CheckEnvironment(parser.Model.Node, os.Environ()); err != nil {
		parser.FatalIfErrorf(err)
	}
	if err := run(ctx, &config); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

// CheckEnvironment refuses KOPPI_… variables that no flag reads, so that a misspelt variable is not taken for
// one that is not set.
func CheckEnvironment(node *kong.Node, environment []string) error {
	known := environmentOf(node)
	slices.Sort(known)
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "KOPPI_") && !slices.Contains(known, name) {
			return fmt.Errorf("unknown setting %s in the environment; known are %s", name, strings.Join(slices.Compact(known), ", "))
		}
	}
	return nil
}

func environmentOf(node *kong.Node) []string {
	var names []string
	for _, flag := range node.Flags {
		names = append(names, flag.Envs...)
	}
	for _, child := range node.Children {
		names = append(names, environmentOf(child)...)
	}
	return names
}

// Logger returns a logger that writes JSON lines to standard error.
func Logger() *slog.Logger { return slog.New(telemetry.Logs(slog.NewJSONHandler(os.Stderr, nil))) }

// Open listens. Without TLS it accepts only addresses of this machine. Clients may authenticate by
// certificates of partners; nil for none.
func (l Listening) Open(ctx context.Context, partners *identity.Partners) (net.Listener, error) {
	host, _, err := net.SplitHostPort(l.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	config, files, err := l.tls(partners)
	if err != nil {
		return nil, err
	}
	if config == nil && !loopback.Is(host) {
		return nil, fmt.Errorf("--listen %s: without --tls-cert and --tls-key Koppi serves on a loopback address only, such as 127.0.0.1:8080", l.Listen)
	}
	var plain net.ListenConfig
	listener, err := plain.Listen(ctx, "tcp", l.Listen)
	switch {
	case config == nil:
		return listener, err
	case err != nil:
		files.Close()
		return nil, err
	}
	return secured{Listener: tls.NewListener(listener, config), files: files}, nil
}
