package gateway_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	notice "koppi.internal/pkg/notice/gateway"
	"koppi.internal/pkg/notice/gateway/mailtest"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	emergency = commonv1.Urgency_URGENCY_EMERGENCY
	urgent    = commonv1.Urgency_URGENCY_URGENT
	normal    = commonv1.Urgency_URGENCY_NORMAL
)

// An emergency at night is mailed at once, and again when half of its hour is over; then no more,
// until it is overdue. A mail holds only the expected words.
func TestEmergencyAtNight(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	f := start(t, in(server), night)
	concern := f.services["concern"]
	concern.add("county", "adults", "concerns/0193e3a1", emergency)
	got := f.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	header, _, body := got.Parsed(t)
	if body != "Kopissa odottaa yksi hätätilanne.\n\nAvaa Koppi ja katso asia: https://koppi.example.fi/\n" {
		t.Errorf("it says %q", body)
	}
	if got.From != "koppi@example.fi" || got.Greeting != "example.fi" || header.Get("From") != `"Koppi" <koppi@example.fi>` || header.Get("Auto-Submitted") != "auto-generated" ||
		!strings.HasSuffix(header.Get("Message-Id"), "@example.fi>") {
		t.Errorf("%+v %v", got, header)
	}
	known := []string{"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress"}
	for name := range header {
		if !slices.Contains(known, name) {
			t.Errorf("it has a header %s: %s", name, header.Get(name))
		}
	}
	for _, secret := range []string{"0193e3a1", "concern", "kela", "adults\"", "Sosiaali"} {
		if strings.Contains(string(got.Text), secret) {
			t.Errorf("it holds %q: %s", secret, got.Text)
		}
	}
	f.none(server)
	f.at(night.Add(29 * time.Minute))
	f.none(server)
	f.at(night.Add(30 * time.Minute))
	f.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	f.at(night.Add(59 * time.Minute))
	f.none(server)
	concern.change(func() {
		late := concern.waiting[0]
		late.Kind, late.Told, late.ToldAt = caseworkv1.WaitingKind_WAITING_KIND_OVERDUE, 0, nil
	})
	f.mail(server, "adults", "Kopissa odottaa yksi hätätilanne, joka on myöhässä")
	f.none(server)
	if got := concern.found(); got != "concerns/0193e3a1 1" {
		t.Errorf("marked: %s", got)
	}
}

// Other matters wait for the morning and come in one mail for all services; after that at most one
// mail an hour, or in ten minutes where a matter is urgent.
func TestDigests(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	f := start(t, in(server), night)
	f.services["concern"].add("county", "adults", "concerns/1", normal)
	f.services["plan"].add("county", "adults", "plans/1", urgent)
	f.none(server)
	f.at(morning)
	f.mail(server, "adults", "Kopissa odottaa 2 asiaa, joista 1 on kiireellinen")
	f.services["plan"].add("county", "adults", "plans/2", normal)
	f.at(morning.Add(59 * time.Minute))
	f.none(server)
	f.at(morning.Add(60 * time.Minute))
	f.mail(server, "adults", "Kopissa odottaa yksi asia")
	f.services["concern"].add("county", "adults", "concerns/2", urgent)
	f.none(server)
	f.at(morning.Add(70 * time.Minute))
	f.mail(server, "adults", "Kopissa odottaa yksi kiireellinen asia")
	f.none(server)
}

// What waits for the agency as a whole is mailed to its intake unit, in that unit's language. The
// services are not asked about a unit without an address, until the directory gives it one.
func TestAddresses(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	f := start(t, in(server), morning)
	f.services["concern"].add("county", "", "concerns/1", urgent)
	f.mail(server, "intake", "Ett brådskande ärende väntar i Koppi")
	f.services["plan"].add("kela", "benefits", "plans/1", emergency)
	f.none(server)
	f.directory.Replace(parsed(t, strings.Replace(units, `"unit":"benefits"`, `"unit":"benefits","email":"benefits@county.example.fi"`, 1)))
	f.mail(server, "benefits", "One emergency is waiting in Koppi")
}

// No notice is lost while the mail server is down.
func TestServerDown(t *testing.T) {
	gone := mailtest.Start(t, mailtest.Config{})
	settings, address := in(gone), gone.Address
	gone.Stop()
	f := start(t, settings, morning)
	f.services["concern"].add("county", "adults", "concerns/1", normal)
	f.logged("could not be notified", 3)
	if got := f.services["concern"].found(); got != "concerns/1 0" {
		t.Errorf("marked: %s", got)
	}
	server := mailtest.Start(t, mailtest.Config{Address: address})
	f.mail(server, "adults", "Kopissa odottaa yksi asia")
	f.none(server)
}

// Temporary and permanent refusals do not stop other mails, and are logged without an address or a
// subject.
func TestRefusals(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	var code atomic.Int64
	code.Store(550)
	server.Refuse(func(to string) error {
		if strings.HasPrefix(to, "adults@") && code.Load() != 0 {
			return mailtest.Answer(int(code.Load()), "no mailbox "+to)
		}
		return nil
	})
	f := start(t, in(server), morning)
	f.services["concern"].add("county", "adults", "concerns/1", emergency)
	f.services["plan"].add("county", "intake", "plans/1", normal)
	f.mail(server, "intake", "Ett ärende väntar i Koppi")
	for _, temporary := range []int64{550, 451} {
		code.Store(temporary)
		f.logged("answered "+strconv.FormatInt(temporary, 10), 2)
	}
	code.Store(0)
	f.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	f.none(server)
	f.stop()
	for _, secret := range []string{"@", "concerns/1", "plans/1", "no mailbox"} {
		if f.log.count(secret) > 0 {
			t.Errorf("the log holds %q: %s", secret, f.log.text.String())
		}
	}
}

// A service that does not answer does not stop the notices of the others, and is logged once.
func TestSilentService(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	f := start(t, in(server), morning)
	f.services["plan"].change(func() { f.services["plan"].asking = errors.New("down") })
	f.services["concern"].add("county", "adults", "concerns/1", emergency)
	f.services["plan"].add("county", "adults", "plans/1", emergency)
	f.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	f.none(server)
	f.services["plan"].change(func() { f.services["plan"].asking = nil })
	f.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	f.none(server)
	if f.log.count("does not answer") != 1 || f.log.count("answers again") != 1 {
		t.Errorf("%s", f.log.text.String())
	}
}

// A notice that could not be marked is marked later, and not mailed again. A mark whose answer was
// lost is not repeated.
func TestMarking(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	f := start(t, in(server), night)
	concern, plan := f.services["concern"], f.services["plan"]
	concern.change(func() { concern.marking = errors.New("the disk is full") })
	plan.change(func() { plan.answering = status.Error(codes.Unavailable, "the answer is lost") })
	concern.add("county", "adults", "concerns/1", emergency)
	f.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	f.none(server)
	concern.change(func() { concern.marking = nil })
	if marked := <-concern.marked; !slices.Equal(marked, []string{"concerns/1"}) {
		t.Errorf("marked %v", marked)
	}
	plan.add("county", "adults", "plans/1", emergency)
	f.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	f.none(server)
	if concern.found() != "concerns/1 1" || plan.found() != "plans/1 1" {
		t.Errorf("marked: %s, %s", concern.found(), plan.found())
	}
	plan.change(func() { plan.answering = nil })
	f.at(night.Add(31 * time.Minute))
	f.mail(server, "adults", "Kopissa odottaa 2 asiaa, joista 2 on hätätilanteita")
	f.none(server)
}

// held is a lease that another gateway has, or that cannot be checked.
type held struct {
	mine atomic.Bool
	err  atomic.Pointer[error]
	left chan struct{}
	ask  chan struct{}
}

func (h *held) Acquire(context.Context, string, time.Duration) (bool, error) {
	select {
	case h.ask <- struct{}{}:
	default:
	}
	if err := h.err.Load(); err != nil {
		return false, *err
	}
	return h.mine.Load(), nil
}

func (h *held) Release(context.Context, string) error {
	close(h.left)
	return nil
}

func (*held) Close() error { return nil }

// A gateway sends no mails while another has the lease. It sends mails when it acquires the lease, or
// cannot check it for long enough, and releases the lease when it ends.
func TestLease(t *testing.T) {
	for name, free := range map[string]func(*held){
		"the other released it": func(h *held) { h.mine.Store(true) },
		"it cannot be checked":  func(h *held) { err := errors.New("redis is gone"); h.err.Store(&err) },
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, mailtest.Config{})
			other := &held{left: make(chan struct{}), ask: make(chan struct{})}
			f := start(t, in(server), night, func(config *notice.Config) {
				config.Leases, config.Timing.Unchecked = other, 20*time.Millisecond
			})
			f.services["concern"].add("county", "adults", "concerns/1", emergency)
			for range 3 {
				f.await(other.ask)
			}
			if len(server.Tried) > 0 {
				t.Error("two gateways send mails")
			}
			free(other)
			f.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
			f.stop()
			<-other.left
		})
	}
}
