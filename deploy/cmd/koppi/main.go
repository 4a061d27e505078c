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
	Demo      demoCommand      `cmd:"" help:"Replay the scenarios and show who did what and who was told what."`
	Watch     watchCommand     `cmd:"" help:"Stand in connection as an agency's system, keep what comes and show it."`
	Load      loadCommand      `cmd:"" help:"Put a Koppi under the load of a synthetic country, and report what was slow and whether anything was lost."`
	Token     tokenCommand     `cmd:"" help:"Ask a running development instance for a token."`
	Fsck      fsckCommand      `cmd:"" help:"Verify the journal of a data folder, or of a PostgreSQL."`
	Migrate   migrateCommand   `cmd:"" help:"Bring a service's PostgreSQL schemas up to date."`
	Keys      keysCommand      `cmd:"" help:"Rotate the key-encryption key."`
	Erase     eraseCommand     `cmd:"" help:"Erase a client, whose identity code is read from standard input, in all services."`
	Hold      holdCommand      `cmd:"" help:"Keep subjects from being erased: set, release, list."`
	Log       logCommand       `cmd:"" help:"Prove that nobody changed the record of who looked."`
	Secrets   secretsCommand   `cmd:"" help:"Make the secrets that all processes of a suite share."`
	Directory directoryCommand `cmd:"" help:"Check a directory file before it is used, or write that of a synthetic country."`
	Callbacks callbacksCommand `cmd:"" help:"See what endpoints of agencies refused, and deliver it again."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parser := kong.Must(&cli{}, kong.Name("koppi"), kong.UsageOnError(),
		kong.Description("Case messages between social services, Kela and health care, that always get their answer."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	parser.FatalIfErrorf(process.CheckArguments(os.Args[1:]))
	parsed, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	parsed.FatalIfErrorf(process.CheckEnvironment(parsed.Model.Node, os.Environ()))
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "koppi:", words(err))
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}
