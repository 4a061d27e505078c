// Command koppi runs the whole suite in one process, and contains the tools for operators, testers
// and partners.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"koppi.internal/pkg/process"
)

type cli struct {
	Up        upCommand        `cmd:"" help:"Run the services and the gateway in this process."`
	Demo      demoCommand      `cmd:"" help:"Replay the scenarios, and show each step and what it disclosed to whom."`
	Watch     watchCommand     `cmd:"" help:"Connect as an agency's system, store the messages of its mailbox and show them."`
	Load      loadCommand      `cmd:"" help:"Load a running Koppi with the traffic of a synthetic country, and report latencies and losses."`
	Token     tokenCommand     `cmd:"" help:"Request a token from a running development instance."`
	Fsck      fsckCommand      `cmd:"" help:"Verify the journals of a data folder, or one in PostgreSQL."`
	Migrate   migrateCommand   `cmd:"" help:"Bring a service's PostgreSQL schemas up to date."`
	Keys      keysCommand      `cmd:"" help:"Rotate the key-encryption key."`
	Erase     eraseCommand     `cmd:"" help:"Erase a client in all services; the identity code is read from standard input."`
	Hold      holdCommand      `cmd:"" help:"Exempt subjects from erasure: set, release, list."`
	Log       logCommand       `cmd:"" help:"Print checkpoints that prove that the access log is unchanged."`
	Secrets   secretsCommand   `cmd:"" help:"Create the secrets that all processes of a suite share."`
	Directory directoryCommand `cmd:"" help:"Check a directory file before use, or write the one of a synthetic country."`
	Grounds   groundsCommand   `cmd:"" help:"Check a file of grounds before use."`
	Callbacks callbacksCommand `cmd:"" help:"Show how agencies' endpoints are called and what they refused, and deliver it again."`
	Export    exportCommand    `cmd:"" help:"Write an agency's mailboxes, attachments and proofs into a folder, which can be verified without Koppi."`
	Sandbox   sandboxCommand   `cmd:"" help:"Run a test environment for a partner, and have events happen in it."`
	Endpoint  endpointCommand  `cmd:"" help:"Check an agency's callback endpoint before it is used."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parser := kong.Must(&cli{}, kong.Name("koppi"), kong.UsageOnError(),
		kong.Description("Case messages between social services, Kela and health care. Every message gets an answer."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	parser.FatalIfErrorf(process.CheckArguments(os.Args[1:]))
	parsed, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	parsed.FatalIfErrorf(process.CheckEnvironment(parsed.Model.Node, os.Environ()))
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "koppi:", errorText(err))
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}
