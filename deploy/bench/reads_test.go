//go:build bench

package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	// readCalls is how often each read is made, by readers callers at once, unless that takes longer than readTime.
	readCalls = 300
	readTime  = 3 * time.Second
)

// entry is a worklist entry that exists.
type entry struct{ Subject, Agency, Role, Unit, Worker, Client, Case, Number string }

// reads are what is measured, by name. Each call gets an entry that exists, drawn anew.
type reads map[string]func(entry) error

func (h *harness) readingCountry(c *country) {
	h.t.Helper()
	fmt.Printf("\n%d open matters of %d, %d events, %d messages; 2 callers; milliseconds:\n\n| reading | calls | p50 | p95 | most |\n| --- | --- | --- | --- | --- |\n", c.Open, c.Matters, c.Events, c.Deliveries)
	noted := newStatements()
	store := h.tracedJournal(c.Database, noted)
	defer func() { _ = store.Close() }()
	sample := h.sample(c.Database)
	h.measure("store", h.ofStore(store), sample)
	h.checkPlans(c.Database, noted)
	if strings.HasPrefix(os.Getenv("BENCH_READS"), "store") {
		return
	}
	conn := h.replicas(h.service(c.Database))
	h.measure("service", h.ofService(conn), sample)
}

// sample draws entries: of the largest agencies, where most are, and of others.
func (h *harness) sample(database string) []entry {
	h.t.Helper()
	found, err := h.connectTo(database, "concern").Query(context.Background(),
		`SELECT subject, agency, role, unit, worker, client, case_id, number FROM standings TABLESAMPLE BERNOULLI (LEAST(100, 400000.0 / GREATEST(1, (SELECT reltuples FROM pg_class WHERE oid = 'standings'::regclass)))::real) WHERE NOT ended AND NOT hidden LIMIT 3000`)
	h.must(err)
	all, err := pgx.CollectRows(found, pgx.RowToStructByPos[entry])
	h.must(err)
	return all
}

// measure makes each read whose name begins with BENCH_READS, and prints how long it took.
func (h *harness) measure(where string, all reads, sample []entry) {
	h.t.Helper()
	for _, name := range slices.Sorted(keysOf(all)) {
		if !strings.HasPrefix(where+": "+name, os.Getenv("BENCH_READS")) {
			continue
		}
		took, began := []float64{}, time.Now()
		var mu sync.Mutex
		var group errgroup.Group
		for n := range readers {
			random := rand.New(rand.NewPCG(uint64(n), 1))
			group.Go(func() error {
				for range readCalls / readers {
					one := sample[random.IntN(len(sample))]
					sent := time.Now()
					if err := all[name](one); err != nil {
						return fmt.Errorf("%s, %s: %+v: %w", where, name, one, err)
					}
					mu.Lock()
					took = append(took, time.Since(sent).Seconds()*1000)
					mu.Unlock()
					if time.Since(began) > readTime {
						break
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			h.t.Error(err)
			continue
		}
		fmt.Printf("| %s: %s | %d | %.1f | %.1f | %.1f |\n", where, name, len(took), quantile(took, 0.5), quantile(took, 0.95), took[len(took)-1])
	}
}

func keysOf(all reads) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range all {
			if !yield(name) {
				return
			}
		}
	}
}

// page is how many rows of a worklist are read at once.
const page = 51

// ofStore are the reads of the journal.
func (h *harness) ofStore(store *postgres.Store) reads {
	ctx := context.Background()
	list := func(query func(entry) journal.Query) func(entry) error {
		return func(e entry) error {
			q := query(e)
			_, err := store.WorklistEntries(ctx, q)
			return err
		}
	}
	month := matter.Month(time.Now().AddDate(0, -1, 0))
	from, to, err := matter.MonthSpan(month)
	h.must(err)
	small := " " + unitNamed(unitsEach-1) + " "
	largest := entry{Agency: receiverNamed(0)}
	var units []journal.AgencyUnit
	for n := range unitsEach {
		units = append(units, journal.AgencyUnit{Agency: largest.Agency, Unit: unitNamed(n)})
	}
	return reads{
		"worklist of an agency": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, OpenOnly: true, ToDo: true, Limit: page}
		}),
		"worklist of an agency, its turn": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, OpenOnly: true, OwnTurn: true, ToDo: true, Limit: page}
		}),
		"worklist of the largest agency, what one small unit may read": list(func(entry) journal.Query {
			return journal.Query{Agency: largest.Agency, OpenOnly: true, ToDo: true, Limit: page, Readable: &journal.Readable{Parts: []string{small, " @wrk-999 "}}}
		}),
		"worklist of the largest agency, what a unit that has nothing may read": list(func(entry) journal.Query {
			return journal.Query{Agency: largest.Agency, OpenOnly: true, ToDo: true, Limit: page, Readable: &journal.Readable{Parts: []string{" nothing "}}}
		}),
		"worklist of a unit": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Unit: e.Unit, OpenOnly: true, ToDo: true, Limit: page}
		}),
		"worklist of a unit, nobody's": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Unit: e.Unit, OpenOnly: true, Unassigned: true, ToDo: true, Limit: page}
		}),
		"worklist of a unit, unreached twice": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Unit: e.Unit, OpenOnly: true, Marks: matter.MarkRepeatedUnreached, ToDo: true, Limit: page}
		}),
		"worklist of a worker": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Worker: workerOf(e), OpenOnly: true, ToDo: true, Limit: page}
		}),
		"worklist of a second worker": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Second: workerOf(e), OpenOnly: true, ToDo: true, Limit: page}
		}),
		"worklist of a unit on call": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, OnCall: unitNamed(0), OpenOnly: true, ToDo: true, Limit: page}
		}),
		"worklist of what was sent": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Role: journal.RoleSender, OpenOnly: true, Limit: page}
		}),
		"worklist of an agency, ended too": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Role: journal.Role(e.Role), Limit: page}
		}),
		"worklist of an agency, one state": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Role: journal.Role(e.Role), States: []int32{int32(concernv1.ConcernState_CONCERN_STATE_SUBMITTED)}, Limit: page}
		}),
		"worklist of an agency, overdue": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, OverdueOnly: true, OpenOnly: true, ToDo: true, Limit: page}
		}),
		"tombstones to acknowledge": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, HiddenOnly: true, OwnTurn: true, OpenOnly: true, ToDo: true}
		}),
		"load of a worker": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Role: journal.RoleReceiver, Worker: workerOf(e), OpenOnly: true}
		}),
		"search by matter number": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Number: e.Number, WithHidden: true, Limit: page}
		}),
		"search by matter number, nobody's": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Number: "0000-0000", WithHidden: true, Limit: page}
		}),
		"search by client": list(func(e entry) journal.Query {
			return journal.Query{Agency: e.Agency, Client: e.Client, WithHidden: true}
		}),
		"search by client, unknown": list(func(e entry) journal.Query { return journal.Query{Agency: e.Agency, Client: "none", WithHidden: true} }),
		"a person's own matters": list(func(e entry) journal.Query {
			return journal.Query{Client: e.Client, Role: journal.RoleSender, WithHidden: true}
		}),
		"search by case":                    list(func(e entry) journal.Query { return journal.Query{Agency: e.Agency, Case: e.Case, WithHidden: true} }),
		"history of a matter":               func(e entry) error { return errorOf(store.Load(ctx, e.Subject)) },
		"client of a matter":                func(e entry) error { return errorOf(store.Client(ctx, e.Subject)) },
		"statistics: first month":           func(entry) error { return errorOf(store.FirstMonth(ctx)) },
		"statistics: counts of a month":     func(entry) error { return errorOf(store.Counts(ctx, month)) },
		"statistics: counted":               func(entry) error { return errorOf(store.Counted(ctx, month, "a", "b")) },
		"statistics: waits of a month":      func(entry) error { return errorOf(store.Waits(ctx, month)) },
		"statistics: encounters of a month": func(entry) error { return errorOf(store.Encounters(ctx, from, to)) },
		"overview: open matters":            func(entry) error { return errorOf(store.OpenMatters(ctx, time.Now())) },
		"overview: untouched":               func(entry) error { return errorOf(store.Untouched(ctx, time.Now())) },
		"overview: silent":                  func(entry) error { return errorOf(store.Silent(ctx, time.Now(), 100)) },
		"overview: readers":                 func(entry) error { return errorOf(store.Readers(ctx)) },
		"overview: parked":                  func(entry) error { return errorOf(store.Parked(ctx, "")) },
		"notices: waiting, an agency": func(e entry) error {
			return errorOf(store.Waiting(ctx, journal.WaitingQuery{Units: unitsOf(e.Agency), Phases: []int32{1}, Twice: 1, Limit: 200}))
		},
		"notices: waiting, the largest": func(entry) error {
			return errorOf(store.Waiting(ctx, journal.WaitingQuery{Units: units, Phases: []int32{1}, Twice: 1, Limit: 200}))
		},
		"access log of a client": func(e entry) error {
			return errorOf(store.Accesses(ctx, journal.AccessQuery{Client: e.Client, Limit: 1000}))
		},
		"access log of a client, of one agency": func(e entry) error {
			return errorOf(store.Accesses(ctx, journal.AccessQuery{Client: e.Client, Agency: e.Agency, Limit: 1000}))
		},
		"access log, for its tree": func(entry) error { return errorOf(store.AccessesAfter(ctx, 1000, 1000)) },
		"mailbox, 100 messages": func(e entry) error {
			return errorOf(store.Deliveries(ctx, journal.DeliveryQuery{Agency: e.Agency, After: 10, Limit: 100}))
		},
		"mailbox, of one matter": func(e entry) error {
			return errorOf(store.Deliveries(ctx, journal.DeliveryQuery{Agency: e.Agency, Subject: e.Subject}))
		},
		"mailbox, one message": func(e entry) error {
			return errorOf(store.Deliveries(ctx, journal.DeliveryQuery{Agency: e.Agency, ID: uuid.NewString()}))
		},
		"mailbox, sequences":     func(e entry) error { return errorOf(store.Sequences(ctx, e.Agency, uuid.NewString())) },
		"mailbox, position":      func(e entry) error { return errorOf(store.Positions(ctx, e.Agency)) },
		"mailbox, all positions": func(entry) error { return errorOf(store.Positions(ctx)) },
		"mailbox, its readers":   func(e entry) error { return errorOf(store.Consumers(ctx, e.Agency)) },
		"job: due":               func(entry) error { return errorOf(store.Due(ctx, time.Now(), 100)) },
		"job: stale":             func(entry) error { return errorOf(store.Stale(ctx, 100)) },
		"job: incomplete":        func(entry) error { return errorOf(store.Incomplete(ctx, 100)) },
		"job: ended": func(entry) error {
			return errorOf(store.Ended(ctx, journal.EndedQuery{Before: time.Now(), Limit: 100}))
		},
		"subjects of a client": func(e entry) error { return errorOf(store.Subjects(ctx, e.Client)) },
	}
}

func unitsOf(agency string) (units []journal.AgencyUnit) {
	for n := range unitsEach {
		units = append(units, journal.AgencyUnit{Agency: agency, Unit: unitNamed(n)})
	}
	return units
}

func workerOf(e entry) string {
	if e.Worker != "" {
		return e.Worker
	}
	if e.Role == string(journal.RoleSender) {
		return handlerNamed(0)
	}
	return workerNamed(0)
}

func errorOf[T any](_ T, err error) error { return err }

// ofService are the reads of the concern service, as the gateway calls it.
func (h *harness) ofService(conn grpc.ClientConnInterface) reads {
	var mu sync.Mutex
	contexts := map[identity.Caller]context.Context{}
	as := func(who identity.Caller) context.Context {
		mu.Lock()
		defer mu.Unlock()
		if contexts[who] == nil {
			contexts[who] = h.as(who)
		}
		return contexts[who]
	}
	worker := func(e entry) context.Context {
		if e.Role == string(journal.RoleSender) {
			return as(identity.Caller{Agency: e.Agency, Unit: reporterDesk(0), Worker: e.Worker, Role: identity.RoleBenefitHandler})
		}
		return as(identity.Caller{Agency: e.Agency, Unit: e.Unit, Worker: workerOf(e), Role: identity.RoleTeamLeader})
	}
	secrets := testkit.Must(identity.OpenSecrets(h.env.Secrets))
	matters, concerns := caseworkv1.NewMatterServiceClient(conn), concernv1.NewConcernServiceClient(conn)
	client := func(e entry) string { return secrets.Pseudonym(identity.KindClient, e.Agency, e.Client) }
	work := func(r *caseworkv1.ListWorkRequest) func(entry) error {
		return func(e entry) error {
			return errorOf(matters.ReadWork(worker(e), &caseworkv1.ReadWorkRequest{Work: r, Limit: page}))
		}
	}
	return reads{
		"ReadWork, the agency": work(&caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY}),
		"ReadWork, the unit":   work(&caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_UNIT}),
		"ReadWork, the worker": work(&caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_ME}),
		"ReadWork, sent":       work(&caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY, Sent: true}),
		"ReadWork, by number": func(e entry) error {
			found, err := matters.ReadWork(worker(e), &caseworkv1.ReadWorkRequest{Work: &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY, MatterNumber: e.Number, Sent: e.Role == string(journal.RoleSender)}, Limit: page})
			if err == nil && len(found.GetItems()) != 1 {
				return fmt.Errorf("%d found", len(found.GetItems()))
			}
			return err
		},
		"ReadWork, the largest agency, a small unit": func(entry) error {
			who := as(identity.Caller{Agency: receiverNamed(0), Unit: unitNamed(unitsEach - 1), Worker: "wrk-999", Role: identity.RoleSocialWorker})
			return errorOf(matters.ReadWork(who, &caseworkv1.ReadWorkRequest{Work: &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY}, Limit: page}))
		},
		"ListConcerns": func(e entry) error {
			return errorOf(concerns.ListConcerns(worker(e), &concernv1.ListConcernsRequest{Sent: e.Role == string(journal.RoleSender)}))
		},
		"ListConcerns, of a client": func(e entry) error {
			listed, err := concerns.ListConcerns(worker(e), &concernv1.ListConcernsRequest{Sent: e.Role == string(journal.RoleSender), ClientId: client(e), Purpose: "Asiakas soitti."})
			if err == nil && len(listed.GetConcerns()) == 0 {
				return errors.New("none found")
			}
			return err
		},
		"GetConcern": func(e entry) error {
			return errorOf(concerns.GetConcern(worker(e), &concernv1.GetConcernRequest{ConcernId: e.Subject[len("concerns/"):]}))
		},
		"ReadHistory, of a client": func(e entry) error {
			return errorOf(matters.ReadHistory(worker(e), &caseworkv1.ReadHistoryRequest{ClientId: client(e), Purpose: "Asiakas soitti.", Limit: 101}))
		},
		"ReadHistory, of a case": func(e entry) error {
			read, err := matters.ReadHistory(worker(e), &caseworkv1.ReadHistoryRequest{CaseId: secrets.Pseudonym(identity.KindCase, e.Agency, e.Case), Limit: 101})
			if err == nil && len(read.GetMessages()) == 0 {
				return errors.New("an empty history")
			}
			return err
		},
		"ReadAccesses": func(e entry) error {
			return errorOf(matters.ReadAccesses(worker(e), &caseworkv1.ReadAccessesRequest{Accesses: &caseworkv1.ListAccessesRequest{ClientId: client(e), From: timestamppb.New(time.Now().AddDate(-1, 0, 0))}, Limit: 101}))
		},
		"FindKnownClient, nobody's": func(e entry) error {
			found, err := matters.FindKnownClient(worker(e), &caseworkv1.FindKnownClientRequest{Asked: &caseworkv1.FindClientRequest{PersonalIdentityCode: testkit.PersonCode(1_200_000 + rand.IntN(1000)), Purpose: "Asiakas soitti."}})
			if err == nil && found.GetClientId() != "" {
				return errors.New("somebody is found")
			}
			return err
		},
		"FindKnownClient": func(e entry) error {
			return errorOf(matters.FindKnownClient(worker(e), &caseworkv1.FindKnownClientRequest{Asked: &caseworkv1.FindClientRequest{PersonalIdentityCode: testkit.PersonCode(rand.IntN(100_000)), Purpose: "Asiakas soitti."}}))
		},
		"ListMessages, 100": func(e entry) error {
			return errorOf(exchangev1.NewExchangeServiceClient(conn).ListMessages(as(identity.Caller{Agency: e.Agency, Role: identity.RoleSystem, SystemSubject: "s"}), &exchangev1.ListMessagesRequest{PageSize: 100, Consumer: "bench"}))
		},
	}
}
