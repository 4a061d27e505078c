//go:build bench

package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/process"
)

const (
	// variants is at how many times each story is copied.
	variants = 48
	// perCopy is how many stories are copied at a time.
	perCopy = 1000
	// deliveredEach is of one in how many stories a large country keeps the messages. A mailbox is read by its
	// agency and sequence, however many messages there are, and all of them would fill the disk.
	deliveredEach = 10
	// writers fill the database at once: as many as the machine has cores.
	writers = 2
)

// registry is what all writers share.
type registry struct {
	secrets   *identity.Secrets
	kek       *seal.KEK
	templates [][]*template
	// shares holds the index of a story as often as its share says.
	shares    []int
	mailboxes map[string]*mailbox
	// people is how many clients there are.
	people int

	mu sync.Mutex
	// pairs are clients and receivers who have a matter.
	pairs map[[2]int]bool

	open, matters, events, deliveries, numbers atomic.Int64
}

// number returns numbers in an order that looks like none: an odd factor maps the numbers of 40 bits onto themselves.
func (r *registry) number() uint64 {
	return uint64(r.numbers.Add(1)) * 0x9e3779b97f4a7c15 & (1<<40 - 1)
}

// mailbox is an agency's mailbox under construction.
type mailbox struct {
	sync.Mutex
	journal.Position
}

// settle fills a database with so many open matters, by COPY, as the store would have written them. Each is a copy
// of a story that the service has played.
func (h *harness) settle(open int) *country {
	h.t.Helper()
	began := time.Now()
	secrets := testkit.Must(identity.OpenSecrets(h.env.Secrets))
	r := &registry{
		secrets: secrets, kek: testkit.Must(seal.OpenKEK(filepath.Join(h.env.Secrets, process.KEKFile))),
		mailboxes: map[string]*mailbox{}, pairs: map[[2]int]bool{}, people: open,
	}
	c := &country{Database: h.env.NewDatabase(), Now: time.Now()}
	for i, one := range stories {
		var recorded *recording
		h.t.Run(one.name, func(t *testing.T) {
			alone := *h
			alone.t = t
			recorded = alone.record(one)
		})
		var all []*template
		for n := range variants {
			age := recorded.slack * time.Duration(2*n+1) / (2 * variants)
			all = append(all, templateOf(secrets, recorded.later(c.Now.Sub(recorded.ends)-age)))
		}
		r.templates = append(r.templates, all)
		for range one.share {
			r.shares = append(r.shares, i)
		}
		fmt.Printf("  story %-22s %2d %% events %2d deliveries %2d entries %d keys %d accesses %d counters %d\n", one.name, one.share,
			len(recorded.events), len(recorded.deliveries), len(recorded.entries), len(recorded.keys), len(recorded.accesses), len(recorded.counters))
	}
	for n := range reporters {
		r.mailboxes[reporterNamed(n)] = &mailbox{Position: journal.Position{ChainHash: journal.Genesis()}}
	}
	for n := range receivers {
		r.mailboxes[receiverNamed(n)] = &mailbox{Position: journal.Position{ChainHash: journal.Genesis()}}
	}
	indexed := h.withoutIndexes(c.Database)
	fmt.Printf("  stories played: %.0f s\n", time.Since(began).Seconds())
	var group errgroup.Group
	for n := range writers {
		group.Go(func() error { return h.write(c.Database, r, uint64(n), open) })
	}
	h.must(group.Wait())
	h.writePositions(c.Database, r)
	c.Open, c.Matters, c.Events, c.Deliveries = int(r.open.Load()), int(r.matters.Load()), int(r.events.Load()), int(r.deliveries.Load())
	fmt.Printf("  %d open matters of %d, %d events, %d deliveries: %.0f s\n", c.Open, c.Matters, c.Events, c.Deliveries, time.Since(began).Seconds())
	indexed()
	fmt.Printf("  indexed: %.0f s\n", time.Since(began).Seconds())
	return c
}

// draw draws who takes part in a story, and which story it is.
func (r *registry) draw(random *rand.Rand) (*template, *cast) {
	of := r.templates[r.shares[random.IntN(len(r.shares))]]
	c := &cast{random: random, secrets: r.secrets, number: r.number, reporter: skewed(random, reporters), receiver: skewed(random, receivers), unit: skewed(random, unitsEach)}
	c.worker = c.unit*workersEach/unitsEach + random.IntN(workersEach/unitsEach)
	c.second = (c.worker + 1) % workersEach
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		// A few people have many matters, each with another agency.
		if c.person = random.IntN(r.people); random.IntN(500) == 0 {
			c.person = random.IntN(1 + r.people/10_000)
		}
		pair := [2]int{c.person, c.receiver}
		if !r.pairs[pair] {
			r.pairs[pair] = true
			return of[random.IntN(len(of))], c
		}
		c.receiver = random.IntN(receivers)
	}
}

// skewed draws from n, in which the first is about n times as likely as the last.
func skewed(random *rand.Rand, n int) int {
	f := random.Float64()
	return min(n-1, int(pow(float64(n+1), f))-1)
}

// write copies stories until there are enough open matters.
func (h *harness) write(database string, r *registry, seed uint64, open int) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, h.env.Postgres.DSN(database, "postgres", "concern"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	keys, err := pgx.Connect(ctx, h.env.Postgres.DSN(database, "postgres", "concern_keys"))
	if err != nil {
		return err
	}
	defer func() { _ = keys.Close(ctx) }()
	keeper := &copying{}
	vault := seal.NewVault(r.kek, keeper)
	random := rand.New(rand.NewPCG(seed, 98))
	for r.open.Load() < int64(open) {
		tables := newTables()
		for range min(perCopy, open) {
			of, who := r.draw(random)
			if err := r.add(ctx, tables, vault, of.copy(who).batch()); err != nil {
				return err
			}
		}
		tables.of["keys"].rows, keeper.rows = keeper.rows, nil
		for _, name := range tableNames {
			at := conn
			if name == "keys" {
				at = keys
			}
			one := tables.of[name]
			if _, err := at.CopyFrom(ctx, pgx.Identifier{name}, one.columns, pgx.CopyFromRows(one.rows)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// add seals and chains a batch, and adds its rows.
func (r *registry) add(ctx context.Context, to *tables, vault *seal.Vault, b journal.Batch) error {
	keys, err := vault.Ensure(ctx, rows.Needs(b))
	if err != nil {
		return err
	}
	heads, hashes, ended := map[string][]byte{}, map[string][]byte{}, map[string]int64{}
	for _, e := range b.Events {
		prev := heads[e.Subject]
		if prev == nil {
			prev = journal.Genesis()
		}
		row, err := rows.SealEvent(keys, e, prev)
		if err != nil {
			return err
		}
		heads[e.Subject], hashes[string(e.Hash)], ended[e.Subject] = row.Hash, row.Hash, e.At.UnixMicro()
		to.event(row)
	}
	for _, s := range b.Streams {
		to.stream(s, heads[s.Subject], ended[s.Subject])
		if !s.Ended {
			r.open.Add(1)
		}
	}
	if r.people > smallCountry && r.matters.Load()%deliveredEach > 0 {
		b.Deliveries = nil
	}
	for _, d := range b.Deliveries {
		box := r.mailboxes[d.Agency]
		box.Lock()
		row, next, err := rows.Deliver(keys, d, box.Position)
		if err == nil {
			box.Position = next
		}
		box.Unlock()
		if err != nil {
			return err
		}
		to.delivery(row)
	}
	for subject, client := range b.Clients {
		sealed, err := rows.SealClient(keys, subject, client)
		if err != nil {
			return err
		}
		to.of["clients"].add(subject, sealed)
	}
	for _, a := range b.Accesses {
		to.access(a, hashes[string(a.Head)])
	}
	to.rest(b)
	r.matters.Add(int64(len(b.Streams)))
	r.events.Add(int64(len(b.Events)))
	r.deliveries.Add(int64(len(b.Deliveries)))
	return nil
}

// copying is a keeper of keys that are all new, and are written by COPY.
type copying struct{ rows [][]any }

func (c *copying) Keep(_ context.Context, wrapped map[seal.Ref][]byte) (map[seal.Ref][]byte, error) {
	for ref, key := range wrapped {
		c.rows = append(c.rows, []any{ref.Subject, ref.Class, key})
	}
	return wrapped, nil
}

func (*copying) Find(context.Context, []seal.Ref) (map[seal.Ref][]byte, error) { return nil, nil }
func (*copying) Destroy(context.Context, []seal.Ref) error                     { return nil }
