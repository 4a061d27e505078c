//go:build bench

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/deploy/config"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

const (
	// byUnit is an agency whose people read by unit, and whole one that is like it but reads as a whole.
	byUnit, whole = "terveys-pohjois-savo", "terveys-kokonaan"
	// reports are how many each of the two units of each of them has.
	reports = 500
	// clients are how many are stored when some are searched for, and known how many of them by identity codes.
	clients, known = 100_000, 400
	// readers is how many read at once: as many as the machine has cores.
	readers = 2
	// searches is how often one worker searches, who may not do so more often at once.
	searches = 15
)

// readingByUnit measures how long a worker waits for a matter and for a page of 50 of a worklist, in an agency
// that reads by unit and in one that reads as a whole; and for the search for a client among 100,000. Gateway and
// concern service are processes of their own.
func (h *harness) readingByUnit(f figures) {
	h.addTwin()
	service := h.startConcern()
	gateway := h.startGateway(service)
	conn := gateway.dial()
	measured := map[string]func() []float64{}
	for name, agency := range map[string]string{"unit": byUnit, "whole": whole} {
		own := &commonv1.Party{Agency: agency, Unit: testkit.Health.GetUnit()}
		ids := h.reported(conn, own)
		h.reported(conn, &commonv1.Party{Agency: agency, Unit: "paihdepalvelut"})
		worker := h.as(identity.Caller{Agency: agency, Unit: own.GetUnit(), Worker: "tk-01", Role: identity.RoleTeamLeader, Name: "Taina Lähi"})
		measured["get_"+name] = func() []float64 {
			return h.latencies(2000, func(n int) error {
				return testkit.Refusal(concernv1.NewConcernServiceClient(conn).GetConcern(worker, &concernv1.GetConcernRequest{ConcernId: ids[n%len(ids)]}))
			})
		}
		for queue, r := range map[string]*caseworkv1.ListWorkRequest{
			"agency": {Queue: caseworkv1.Queue_QUEUE_AGENCY}, "unit": {Queue: caseworkv1.Queue_QUEUE_UNIT}, "names": {Queue: caseworkv1.Queue_QUEUE_UNIT, WithNames: true},
		} {
			measured["list_"+queue+"_"+name] = func() []float64 { return h.latencies(200, h.listing(worker, conn, r)) }
		}
	}
	h.quantiles(f, measured)
	h.loaded(f, conn)
	h.fill(h.database, clients)
	h.searching(f, conn)
}

// loaded measures how long a leader waits for the load of a unit of which a worker holds 1,000 matters.
func (h *harness) loaded(f figures, conn grpc.ClientConnInterface) {
	h.t.Helper()
	own := &commonv1.Party{Agency: whole, Unit: testkit.Health.GetUnit()}
	worker := h.as(identity.Caller{Agency: whole, Unit: own.GetUnit(), Worker: "tk-01", Role: identity.RoleTeamLeader, Name: "Taina Lähi"})
	casework := caseworkv1.NewCaseworkServiceClient(conn)
	for range 2 {
		for part := range slices.Chunk(h.reported(conn, own), 100) {
			for i := range part {
				part[i] = "concerns/" + part[i]
			}
			moved := testkit.Insist(h.t, worker, casework.ReassignWork, &caseworkv1.ReassignWorkRequest{
				RequestId: uuid.NewString(), Subjects: part, To: &commonv1.Party{Agency: whole, Unit: own.GetUnit(), Worker: "tk-01"},
			})
			for _, result := range moved.GetResults() {
				if result.GetStatus().GetCode() != 0 {
					h.t.Fatal(result)
				}
			}
		}
	}
	h.quantiles(f, map[string]func() []float64{"load": func() []float64 {
		return h.latencies(100, func(int) error {
			load, err := casework.GetLoad(worker, &caseworkv1.GetLoadRequest{Unit: own.GetUnit()})
			if err == nil && load.GetLoads()[0].GetOpen() != 2*reports {
				return fmt.Errorf("%v", load)
			}
			return err
		})
	}})
}

// quantiles measures each in turn, round after round, and prints medians and 99th percentiles.
func (h *harness) quantiles(f figures, measured map[string]func() []float64) {
	for range rounds {
		for _, name := range slices.Sorted(maps.Keys(measured)) {
			took := measured[name]()
			f[name+"_p50_ms"] = append(f[name+"_p50_ms"], quantile(took, 0.5))
			f[name+"_p99_ms"] = append(f[name+"_p99_ms"], quantile(took, 0.99))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(measured)) {
		fmt.Printf("  %-34s p50 %s ms, p99 %s ms\n", name, f[name+"_p50_ms"], f[name+"_p99_ms"])
	}
}

// latencies makes so many calls, by two callers at once, and returns how many milliseconds each took.
func (h *harness) latencies(calls int, call func(n int) error) []float64 {
	h.t.Helper()
	var mu sync.Mutex
	all := make([]float64, 0, calls)
	var group errgroup.Group
	group.SetLimit(readers)
	for n := range calls {
		group.Go(func() error {
			sent := time.Now()
			err := call(n)
			took := time.Since(sent).Seconds() * 1000
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		h.t.Fatal(err)
	}
	return all
}

// listing reads the first page of 50 of a worklist.
func (h *harness) listing(worker context.Context, conn grpc.ClientConnInterface, r *caseworkv1.ListWorkRequest) func(int) error {
	r.PageSize = 50
	return func(int) error {
		work, err := caseworkv1.NewCaseworkServiceClient(conn).ListWork(worker, r)
		// A consultation, which other measurements leave behind, may name nobody.
		named := slices.ContainsFunc(work.GetItems(), func(one *caseworkv1.WorkItem) bool { return one.GetClientName() != "" })
		if err == nil && (len(work.GetItems()) != 50 || named != r.GetWithNames()) {
			return fmt.Errorf("%d rows, names: %t", len(work.GetItems()), named)
		}
		return err
	}
}

// addTwin adds to the directory the agency that is like the one that reads by unit.
func (h *harness) addTwin() {
	h.t.Helper()
	var file struct {
		Agencies []map[string]any `json:"agencies"`
	}
	if err := json.Unmarshal(config.Directory, &file); err != nil {
		h.t.Fatal(err)
	}
	at := slices.IndexFunc(file.Agencies, func(agency map[string]any) bool { return agency["agency"] == byUnit })
	twin := maps.Clone(file.Agencies[at])
	twin["agency"] = whole
	delete(twin, "reading")
	file.Agencies = append(file.Agencies, twin)
	if err := os.WriteFile(h.env.Directory, testkit.Must(json.Marshal(file)), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// reported reports concerns to a unit and returns their ids.
func (h *harness) reported(conn grpc.ClientConnInterface, to *commonv1.Party) []string {
	h.t.Helper()
	ids := make([]string, reports)
	var group errgroup.Group
	group.SetLimit(32)
	for n := range ids {
		group.Go(func() error {
			made, err := concernv1.NewConcernServiceClient(conn).SubmitConcern(h.worker, submission(to))
			ids[n] = made.GetConcern().GetConcernId()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		h.t.Fatal(err)
	}
	return ids
}

// searching measures the search for a client by identity code, by workers of an agency that reads by unit: for
// clients of whom the unit has a matter, and for those of whom nobody has one.
func (h *harness) searching(f figures, conn grpc.ClientConnInterface) {
	county := &commonv1.Party{Agency: testkit.County.GetAgency(), Unit: testkit.County.GetUnit()}
	var group errgroup.Group
	group.SetLimit(32)
	for n := range known {
		group.Go(func() error {
			r := submission(county)
			r.Client = testkit.ClientOf(testkit.PersonCode(n))
			return testkit.Refusal(concernv1.NewConcernServiceClient(conn).SubmitConcern(h.worker, r))
		})
	}
	if err := group.Wait(); err != nil {
		h.t.Fatal(err)
	}
	const perRound = 600
	casework := caseworkv1.NewCaseworkServiceClient(conn)
	workers := h.searchers(casework, 2*rounds*perRound/searches)
	count := 0
	search := func(first int) func() []float64 {
		return func() []float64 {
			base := count
			count += perRound
			return h.latencies(perRound, func(n int) error {
				found, err := casework.FindClient(workers[(base+n)/searches], &caseworkv1.FindClientRequest{PersonalIdentityCode: testkit.PersonCode(first + n%known), Purpose: "Asiakas soitti."})
				if err == nil && (found.GetClientId() != "") != (first == 0) {
					return fmt.Errorf("found: %v", found)
				}
				return err
			})
		}
	}
	h.quantiles(f, map[string]func() []float64{"find_client_known": search(0), "find_client_unknown": search(known)})
}

// searchers are workers of the county, whose sign-in is recorded already.
func (h *harness) searchers(casework caseworkv1.CaseworkServiceClient, count int) []context.Context {
	h.t.Helper()
	workers := make([]context.Context, count)
	for n := range workers {
		workers[n] = h.as(identity.Caller{Agency: testkit.County.GetAgency(), Unit: testkit.County.GetUnit(), Worker: fmt.Sprintf("ps-%d", 100+n), Role: identity.RoleSocialWorker})
		if _, err := casework.GetAgencies(workers[n], &caseworkv1.GetAgenciesRequest{}); err != nil {
			h.t.Fatal(err)
		}
	}
	return workers
}
