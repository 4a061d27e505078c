package concern_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/service"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// reporters is the number of agencies that report to hva: one-0 to one-39.
const reporters = 40

// reading is a real store that notes each read, and the number of matters. Reads of one command may be made at
// once, so that their order says nothing.
type reading struct {
	journal.Store
	mu       sync.Mutex
	calls    []string
	subjects int
}

func (r *reading) note(call string, subjects int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.subjects = append(r.calls, call), r.subjects+subjects
}

// made returns what was read, sorted, and how many matters.
func (r *reading) made() ([]string, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(slices.Values(r.calls)), r.subjects
}

func (r *reading) Load(ctx context.Context, subjects ...string) ([][]journal.Event, error) {
	r.note("Load", len(subjects))
	return r.Store.Load(ctx, subjects...)
}

func (r *reading) UniqueKeys(ctx context.Context, keys ...string) (map[string]journal.UniqueKey, error) {
	r.note("UniqueKeys", 0)
	return r.Store.UniqueKeys(ctx, keys...)
}

func (r *reading) WorklistEntries(ctx context.Context, query journal.Query) ([]journal.WorklistEntry, error) {
	r.note("WorklistEntries", 0)
	return r.Store.WorklistEntries(ctx, query)
}

func (r *reading) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.subjects = nil, 0
}

func watched(t testing.TB) (*tested, *reading) {
	t.Helper()
	all := `{"agencies":[{"agency":"hva","kind":"SOCIAL_SERVICES","names":{"fi":"H","sv":"V","en":"W"},` +
		`"units":[{"unit":"b","names":{"fi":"B","sv":"B","en":"B"},"languages":["fi"],"intake":true}],"noConsentProfile":"NECESSARY"}`
	for i := range reporters {
		all += fmt.Sprintf(`,{"agency":"one-%d","kind":"BENEFITS","names":{"fi":"K","sv":"F","en":"S"},`+
			`"units":[{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"]}],"noConsentProfile":"MINIMAL"}`, i)
	}
	known, err := directory.Parse([]byte(all + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := &reading{}
	service, _ := start(t, func(deps *service.Deps) {
		r.Store = deps.Store
		deps.Store, deps.Directory = r, known
	})
	return service, r
}

func reporter(t testing.TB, i int) context.Context {
	return as(t, fmt.Sprintf("one-%d", i), "a", "worker", identity.RoleBenefitHandler)
}

func reportOf(t testing.TB, service *tested, i int, code string) (*concernv1.Concern, error) {
	t.Helper()
	r := report()
	r.Client.Identity = &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: code}
	response, err := service.SubmitConcern(reporter(t, i), r)
	return response.GetConcern(), err
}

func withdrawn(id string) *concernv1.WithdrawConcernRequest {
	return &concernv1.WithdrawConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "erehdys"}
}

// A reporter's call reads the same amount whether or not another agency's concern is open, and however
// many reports joined it. A refused step reads nothing of others.
func TestReadsDoNotTellOfOthersReports(t *testing.T) {
	service, reads := watched(t)
	lead, err := reportOf(t, service, 0, "010594Y9032")
	for i := 1; i < 30 && err == nil; i++ {
		_, err = reportOf(t, service, i, "010594Y9032")
	}
	if err != nil {
		t.Fatal(err)
	}
	alone, err := reportOf(t, service, 0, "020516C903K")
	if err != nil {
		t.Fatal(err)
	}
	reads.forget()
	if _, err := reportOf(t, service, 39, "010594Y9032"); err != nil {
		t.Fatal(err)
	}
	joining, subjects := reads.made()
	reads.forget()
	if _, err := reportOf(t, service, 39, "030694W9024"); err != nil {
		t.Fatal(err)
	}
	if alone, count := reads.made(); !slices.Equal(joining, alone) || subjects != count {
		t.Errorf("a report that joins reads %d by %v, one that does not %d by %v", subjects, joining, count, alone)
	}
	for _, c := range []*concernv1.Concern{lead, alone} {
		taken := &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: c.GetConcernId()}
		if _, err := service.TakeConcern(hva(t), taken); err != nil {
			t.Fatal(err)
		}
		reads.forget()
		if _, err := service.WithdrawConcern(reporter(t, 0), withdrawn(c.GetConcernId())); fault.ReasonOf(err) != fault.IllegalStep {
			t.Fatal(err)
		}
		if made, count := reads.made(); !slices.Equal(made, []string{"Load", "UniqueKeys"}) || count != 1 {
			t.Errorf("a refused withdrawal reads %d subjects by %v", count, made)
		}
	}
}

// The limit of an agency's open reports about one client counts its own reports, joined or not, and none
// of other agencies.
func TestOpenReportsAreBounded(t *testing.T) {
	service, _ := watched(t)
	if _, err := reportOf(t, service, 1, "010594Y9032"); err != nil {
		t.Fatal(err)
	}
	var first, second *concernv1.Concern
	for i := range 20 {
		c, err := reportOf(t, service, 0, "010594Y9032")
		if err != nil {
			t.Fatalf("report %d: %v", i, err)
		}
		first, second = cmp.Or(first, c), c
	}
	if _, err := reportOf(t, service, 0, "010594Y9032"); fault.ReasonOf(err) != fault.TooManyOpenReports {
		t.Fatalf("beyond the limit: %v", err)
	}
	emergency := report()
	emergency.Urgency = commonv1.Urgency_URGENCY_EMERGENCY
	if _, err := service.SubmitConcern(reporter(t, 0), emergency); err != nil {
		t.Errorf("an emergency beyond the limit: %v", err)
	}
	if _, err := reportOf(t, service, 1, "010594Y9032"); err != nil {
		t.Errorf("a report of another agency: %v", err)
	}
	for _, id := range []string{first.GetConcernId(), second.GetConcernId()} {
		if _, err := service.WithdrawConcern(reporter(t, 0), withdrawn(id)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := reportOf(t, service, 0, "010594Y9032"); err != nil {
		t.Errorf("after a withdrawal: %v", err)
	}
}

// BenchmarkTellingTimes measures how much the duration of a call reveals about others' open reports: the
// area under the curve, 0.5 if it reveals nothing.
func BenchmarkTellingTimes(b *testing.B) {
	service, _ := watched(b)
	var joining, fresh, refusedMany, refusedAlone []float64
	codes := codesOf(2 * b.N)
	for i := range b.N {
		lead, err := reportOf(b, service, 0, codes[2*i])
		if err != nil {
			b.Fatal(err)
		}
		alone, err := reportOf(b, service, 0, codes[2*i+1])
		if err != nil {
			b.Fatal(err)
		}
		for j := 1; j < 10; j++ {
			if _, err := reportOf(b, service, j, codes[2*i]); err != nil {
				b.Fatal(err)
			}
		}
		for _, c := range []*concernv1.Concern{lead, alone} {
			if _, err := service.TakeConcern(hva(b), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: c.GetConcernId()}); err != nil {
				b.Fatal(err)
			}
		}
		refusedMany = append(refusedMany, secondsOf(func() { _, _ = service.WithdrawConcern(reporter(b, 0), withdrawn(lead.GetConcernId())) }))
		refusedAlone = append(refusedAlone, secondsOf(func() { _, _ = service.WithdrawConcern(reporter(b, 0), withdrawn(alone.GetConcernId())) }))
		joining = append(joining, secondsOf(func() { _, _ = reportOf(b, service, 39, codes[2*i]) }))
		fresh = append(fresh, secondsOf(func() { _, _ = reportOf(b, service, 38, codesOf(2*b.N + i + 1)[2*b.N+i]) }))
	}
	b.ReportMetric(areaUnder(joining, fresh), "AUC-submit")
	b.ReportMetric(areaUnder(refusedMany, refusedAlone), "AUC-refused")
	for name, times := range map[string][]float64{"joining": joining, "fresh": fresh, "refused-10-joined": refusedMany, "refused-alone": refusedAlone} {
		b.ReportMetric(median(times), "ms-"+name)
	}
}

func secondsOf(what func()) float64 {
	begun := time.Now()
	what()
	return time.Since(begun).Seconds()
}

// areaUnder returns how often a slow call took longer than a fast one.
func areaUnder(slow, fast []float64) float64 {
	more := 0.0
	for _, a := range slow {
		for _, b := range fast {
			switch {
			case a > b:
				more++
			case a == b:
				more += 0.5
			}
		}
	}
	return more / float64(len(slow)*len(fast))
}

// codesOf returns identity codes of test persons.
func codesOf(n int) []string {
	const check = "0123456789ABCDEFHJKLMNPRSTUVWXY"
	var codes []string
	for day := 1; len(codes) < n; day++ {
		date := fmt.Sprintf("%02d%02d%02d", day%28+1, day/28%12+1, 40+day/336)
		for number := 900; number < 1000 && len(codes) < n; number++ {
			var value int
			_, _ = fmt.Sscanf(fmt.Sprintf("%s%d", date, number), "%d", &value)
			codes = append(codes, fmt.Sprintf("%s-%d%c", date, number, check[value%31]))
		}
	}
	return codes
}

// median returns the median of times, in milliseconds.
func median(seconds []float64) float64 {
	sorted := slices.Sorted(slices.Values(seconds))
	return 1000 * sorted[len(sorted)/2]
}
