package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/deploy/load"
)

type loadCommand struct {
	Address  string        `help:"Koppi's address." default:"http://127.0.0.1:8080"`
	Tokens   string        `help:"File of tokens by agency, such as {\"kela\": {\"system\": \"…\", \"worker\": \"…\", \"unit\": \"toimeentulotuki\"}}; without it, tokens are requested from a development instance."`
	Rate     float64       `help:"Commands a second, on average." default:"20"`
	Duration time.Duration `help:"Duration of the load." default:"1m"`
	Compress float64       `help:"Days of the country's rhythm, from a Thursday on, that pass during the run; Mondays and turns of the month are its peaks. 0 is a constant rate." default:"7"`
	Streams  int           `help:"Open mailbox streams of partner systems: at least one for each agency, the rest for municipalities." default:"100"`
	AtOnce   int           `help:"Commands that may be in flight. A command that is due beyond them waits, and its waiting time counts." default:"1000"`
	Seed     uint64        `help:"Seed of all random choices; default is a new one each time."`
	Metrics  []string      `help:"URLs of the Prometheus metrics of the server's processes, such as http://127.0.0.1:9464/metrics."`
	JSON     string        `name:"json" help:"File for the report in JSON."`
	Picture  string        `help:"File for a chart of the run (SVG)."`
}

// errLosses is returned if the report shows losses, so that the command fails.
var errLosses = errors.New("not every accepted message was delivered once and in order")

// Run puts a load on Koppi and prints the report. It fails if there are losses.
func (c *loadCommand) Run(ctx context.Context) error {
	if c.Seed == 0 {
		c.Seed = rand.Uint64()>>1 | 1 //nolint:gosec // not secret: it is printed
	}
	report, err := load.Run(ctx, load.Config{
		Address: c.Address, Dial: func() (*grpc.ClientConn, error) { return dial(c.Address) }, Tokens: c.Tokens, Rate: c.Rate, Duration: c.Duration,
		Days: c.Compress, Streams: c.Streams, AtOnce: c.AtOnce, Seed: c.Seed, Metrics: c.Metrics, Progress: os.Stderr,
	})
	if err != nil {
		return err
	}
	if err := errors.Join(report.Text(os.Stdout), written(c.JSON, report.JSON), written(c.Picture, report.Picture)); err != nil {
		return err
	}
	if !report.Losses.None() {
		return errLosses
	}
	return nil
}

// written writes to a file, unless the path is empty.
func written(path string, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path) //nolint:gosec // the path is the caller's
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
