package people

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Whatever fails of what the people are read from, nobody reads more than the roster that a gateway knew less
// than ten minutes ago allows, changes are refused, and an outsider gets what it gets of a matter that does not
// exist. After it, everything counts again.
func (c *cluster) failures(t *testing.T) {
	asked := c.asks(t)
	defer asked()
	expect := func(when string, w *world, want ...string) {
		t.Helper()
		if readers := w.readBy(c.matters, everybody...); !slices.Equal(readers, want) {
			t.Errorf("%s, the clinic's referral is read by %q, want %q", when, readers, want)
		}
	}
	must(t, c.a.duty("nurse"))
	must(t, c.a.emergency("emergency"))
	inTime(t, "the roster", func() bool { return len(c.b.readBy(c.matters, "nurse", "emergency")) == 2 })
	c.named(t, c.b)

	c.line.Down.Store(true)
	c.line.CutAll()
	must(t, c.a.duty("late"))
	expect("a change later", c.a, "emergency", "late")
	// It may not have heard that the nurse is on no roster any more.
	expect("without a line to the people", c.b, "nurse", "emergency")
	c.refuses(t, c.b)

	c.Gateways[1].Restart()
	expect("started without a line to the people", c.b)
	c.refuses(t, c.b)
	c.unnamed(t, c.b)

	c.line.Down.Store(false)
	testkit.Eventually(t, func() bool { return len(c.b.readBy(c.matters, "late")) == 1 })
	expect("with the line again", c.b, "emergency", "late")
	c.named(t, c.b)

	keeper := c.Services["concern"][0]
	for _, failure := range []struct {
		name        string
		begin, over func()
	}{
		{"the concern service is killed", func() { keeper.End(syscall.SIGKILL) }, keeper.Start},
		{"its PostgreSQL is cut off", func() { c.store.Down.Store(true); c.store.CutAll() }, func() { c.store.Down.Store(false) }},
	} {
		failure.begin()
		var both sync.WaitGroup
		for _, w := range []*world{c.a, c.b} {
			both.Go(func() {
				expect(failure.name, w, "emergency", "late")
				c.refuses(t, w)
				expect(failure.name+", after changes were refused", w, "emergency", "late")
			})
		}
		both.Wait()
		failure.over()
		testkit.Eventually(t, func() bool { return c.b.duty("nurse") == nil })
		inTime(t, "the roster, after "+failure.name, func() bool { return slices.Equal(c.a.readBy(c.matters, everybody...), []string{"nurse", "emergency"}) })
		must(t, c.a.duty("late"))
		inTime(t, "the roster, after "+failure.name, func() bool { return slices.Equal(c.b.readBy(c.matters, everybody...), []string{"emergency", "late"}) })
		c.named(t, c.a)
		c.named(t, c.b)
	}
}

// refuses fails the test unless changes through a gateway, lists of the people, and a list with the clients' names
// are refused, and an outsider is answered alike about what exists and what does not.
func (c *cluster) refuses(t *testing.T, w *world) {
	t.Helper()
	var group sync.WaitGroup
	for what, call := range map[string]func() error{
		"a roster":               func() error { return w.duty("outsider") },
		"an emergency reading":   func() error { return w.emergency("outsider") },
		"the list of colleagues": func() error { return testkit.Refusal(w.colleagues()) },
	} {
		group.Go(func() {
			if err := call(); !slices.Contains(unanswered, status.Code(err)) {
				t.Errorf("%s: %v, want %v", what, err, unanswered)
			}
		})
	}
	group.Go(func() {
		if work, err := w.clients(); err == nil {
			t.Errorf("the clients' names: %v", work)
		}
	})
	var compared atomic.Int64
	together := errgroup.Group{}
	together.SetLimit(32)
	for _, one := range w.walks([][]testkit.Guesses{c.guesses(c.wishes)}) {
		if name := string(one.method.Name()); slices.ContainsFunc([]string{"Get", "List", "Find", "Check", "Add"}, func(word string) bool { return strings.HasPrefix(name, word) }) {
			together.Go(func() error {
				if one.alike() {
					compared.Add(1)
				}
				return nil
			})
		}
	}
	_ = together.Wait()
	group.Wait()
	if compared.Load() == 0 {
		t.Error("no method answers")
	}
	t.Logf("%d requests were answered alike", compared.Load())
}

// unanswered are the codes of calls that need what is down.
var unanswered = []codes.Code{codes.Unavailable, codes.DeadlineExceeded}

// alike fails the test if the outsider is answered otherwise about what exists, by all fields at once, than about
// what does not. It returns false if either is not answered.
func (w walk) alike() bool {
	w.t.Helper()
	who, cancel := w.briefly("outsider")
	defer cancel()
	in := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(w.method.Input().FullName()))
	var answers [2]string
	for choice := range answers {
		said := w.form()
		for _, field := range w.fields {
			said[field] = w.known[field][choice]
		}
		out := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(w.method.Output().FullName())).New().Interface()
		err := w.conn.Invoke(who, "/"+w.path, testkit.Form{Said: said, Parties: map[string]*commonv1.Party{"to": testkit.Health}}.Request(in.New()), out)
		if slices.Contains(unanswered, status.Code(err)) {
			return false
		}
		answers[choice] = masked(fmt.Sprintf("%x %x", testkit.Must(proto.Marshal(out)), testkit.Must(proto.Marshal(status.Convert(err).Proto()))), w.known)
	}
	if answers[real] != answers[none] {
		w.t.Errorf("%s tells by %s which is there:\n%s\n%s", w.path, w.fields, answers[real], answers[none])
	}
	return true
}

// named fails the test unless the worker and the clients of the clinic are named.
func (c *cluster) named(t *testing.T, w *world) {
	t.Helper()
	for _, who := range []string{"county", "client"} {
		if by := w.referralOf(who, c.matters).GetStatus().GetResponsible(); by.GetDisplayName() == "" || by.GetWorker() == "" {
			t.Errorf("%s is told of %v", who, by)
		}
	}
	work, err := w.clients()
	if !slices.ContainsFunc(work.GetItems(), func(item *caseworkv1.WorkItem) bool { return item.GetClientBirthDate() != "" }) {
		t.Errorf("the clients are not named: %v %v", work.GetItems(), err)
	}
}

// unnamed fails the test if the worker or the clients of the clinic are named. Who may be named is not known: the
// client is told of the unit alone.
func (c *cluster) unnamed(t *testing.T, w *world) {
	t.Helper()
	for who, worker := range map[string]string{"county": "pp-07", "client": ""} {
		if by := w.referralOf(who, c.matters).GetStatus().GetResponsible(); by.GetDisplayName() != "" || by.GetWorker() != worker {
			t.Errorf("%s is told of %v", who, by)
		}
	}
	_, err := w.casework().ListWork(w.As("clinic leader"), namedWork)
	if fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("the clients' names: %v", err)
	}
}

// asks has an outsider ask both gateways for a matter of the clinic and for none, until the function that it
// returns is called. The test fails if they are ever told apart, or if a list shows anything.
func (c *cluster) asks(t *testing.T) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	count := 0
	group.Go(func() {
		for pause := time.Tick(20 * time.Millisecond); ; <-pause {
			for _, w := range []*world{c.a, c.b} {
				if ctx.Err() != nil {
					return
				}
				read, of := w.asked(c.referral.GetReferralId()), w.asked(id())
				if told := fault.ReasonOf(read) == fault.NotFound && fault.ReasonOf(of) == fault.NotFound; read == nil ||
					told && !proto.Equal(status.Convert(read).Proto(), status.Convert(of).Proto()) {
					t.Errorf("of the clinic's referral: %v, and of none: %v", read, of)
				}
				if work, _ := w.work("outsider", &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY, IncludeEnded: true}); len(work.GetItems()) > 0 {
					t.Errorf("the outsider's list shows %v", work.GetItems())
				}
				count++
			}
		}
	})
	return func() {
		cancel()
		group.Wait()
		t.Logf("the outsider asked %d times", count)
	}
}

// asked is what an outsider is answered about a referral.
func (w *world) asked(referral string) error {
	return testkit.Refusal(w.referrals.GetReferral(w.As("outsider"), &referralv1.GetReferralRequest{ReferralId: referral}))
}
