// Package load runs a synthetic country against any Koppi: its organisers, Kela and health care
// report, take, refer, ask and answer in the rhythm of its weeks and months. Their systems keep
// streams open, and every message that arrives is compared with the commands that were accepted.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

const (
	// streamsEach is how many streams share a connection; commanding is how many connections carry
	// commands.
	streamsEach, commanding = 100, 4
)

// Config describes a load. Dial, Rate, Duration and AtOnce are required.
type Config struct {
	// Address is the server's address as the report shows it.
	Address string
	// Dial makes one more connection to the server.
	Dial func() (*grpc.ClientConn, error)
	// Tokens is a file of tokens. If it is empty, a development instance issues the tokens.
	Tokens string
	// Rate is the mean number of commands a second.
	Rate     float64
	Duration time.Duration
	// Days of the country's rhythm that pass during the run; 0 means an even rate.
	Days float64
	// Streams is how many streams partner systems keep open; each agency has at least one.
	Streams int
	// AtOnce is the largest number of commands in flight.
	AtOnce int
	Seed   uint64
	// Metrics are the URLs of the server processes' metrics, in the Prometheus format.
	Metrics []string
	// Progress receives a line for each phase of the run; it may be nil.
	Progress io.Writer
}

// Check returns an error for settings that cannot run.
func (c Config) Check() error {
	switch {
	case c.Rate <= 0 || c.Duration <= 0 || c.AtOnce <= 0:
		return errors.New("--rate, --duration and --at-once must be positive")
	case c.Days < 0 || c.Streams < 0:
		return errors.New("--compress and --streams must not be negative")
	default:
		return nil
	}
}

// Run opens the streams, gives the commands, and waits until all that was accepted has been
// delivered or is found missing. An interruption ends it early, with a report.
func Run(ctx context.Context, c Config) (*Report, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	conns, hangUp, err := c.connect()
	if err != nil {
		return nil, err
	}
	defer hangUp()
	tokens, places, err := c.parties(ctx, conns[0])
	if err != nil {
		return nil, err
	}
	server := &watched{urls: c.Metrics}
	if err := server.look(ctx, 0); err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	server.all = nil
	seen := newMeasures()
	c.say("%d agencies; opening %d streams", len(places.all), max(c.Streams, len(places.all)))
	readers, err := openReaders(ctx, conns[commanding:], tokens, places.streamsOf(c.Streams), seen.arrived)
	if err != nil {
		return nil, err
	}
	reading, end := context.WithCancel(context.WithoutCancel(ctx))
	done, err := readers.openAll(reading, conns[commanding:], tokens)
	defer done()
	defer end()
	if err != nil {
		return nil, err
	}
	c.say("%v at %g commands a second", c.Duration, c.Rate)
	random := rand.New(rand.NewPCG(c.Seed, 1)) //nolint:gosec // a load must be the same again, not secret
	d := &driver{
		tokens: tokens, books: readers.books, measures: seen, places: make(chan struct{}, c.AtOnce),
		generator: &generator{random: random, people: newPeople(random), places: places},
	}
	for _, conn := range conns[:commanding] {
		d.services = append(d.services, servicesAt(conn))
	}
	watching, stop := context.WithCancel(ctx)
	watchEnded := make(chan struct{})
	go func() { defer close(watchEnded); server.run(watching) }()
	unsent := d.drive(ctx, newPace(c.Rate, c.Duration, c.Days), rand.New(rand.NewPCG(c.Seed, 2))) //nolint:gosec // as above
	took := time.Since(d.began)
	stop()
	<-watchEnded
	c.say("all commands are answered; reading the mailboxes to their ends")
	broken := readers.finish(reading, conns[0], tokens)
	return c.report(seen, readers, server, took, unsent, broken), nil
}

// connect opens the connections: those for commands first, then those for streams.
func (c Config) connect() (conns []grpc.ClientConnInterface, hangUp func(), err error) {
	var made []*grpc.ClientConn
	hangUp = func() {
		for _, one := range made {
			_ = one.Close()
		}
	}
	for range commanding + 1 + c.Streams/streamsEach {
		conn, err := c.Dial()
		if err != nil {
			hangUp()
			return nil, nil, err
		}
		made, conns = append(made, conn), append(conns, conn)
	}
	return conns, hangUp, nil
}

// parties returns the tokens of the parties and the agencies that take part.
func (c Config) parties(ctx context.Context, conn grpc.ClientConnInterface) (*tokens, *places, error) {
	of, asker := (*tokens)(nil), party{worker: "load", role: identity.RoleOperator}
	var err error
	if c.Tokens == "" {
		of, err = devTokens(ctx, conn)
	} else if of, err = fileTokens(c.Tokens); err == nil {
		for agency := range of.given {
			asker = system(agency)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	asking, err := of.as(ctx, asker)
	if err != nil {
		return nil, nil, err
	}
	answer, err := caseworkv1.NewCaseworkServiceClient(conn).GetAgencies(asking, &caseworkv1.GetAgenciesRequest{})
	if err != nil {
		return nil, nil, fmt.Errorf("read the directory: %w", err)
	}
	found, err := newPlaces(of.reach(answer.GetAgencies()))
	return of, found, err
}

func (c Config) say(format string, args ...any) {
	if c.Progress != nil {
		_, _ = fmt.Fprintf(c.Progress, format+"\n", args...)
	}
}
