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

// An emergency at night is told at once, and again when half of its hour is over; then
// no more, until it is overdue. A mail holds nothing but the words that are expected.
func TestAnEmergencyAtNight(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	b := start(t, in(server), night)
	concern := b.services["concern"]
	concern.add("county", "adults", "concerns/0193e3a1", emergency)
	got := b.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
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
	b.none(server)
	b.at(night.Add(29 * time.Minute))
	b.none(server)
	b.at(night.Add(30 * time.Minute))
	b.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	b.at(night.Add(59 * time.Minute))
	b.none(server)
	concern.change(func() {
		late := concern.waiting[0]
		late.Kind, late.Told, late.ToldAt = caseworkv1.WaitingKind_WAITING_KIND_OVERDUE, 0, nil
	})
	b.mail(server, "adults", "Kopissa odottaa yksi hätätilanne, joka on myöhässä")
	b.none(server)
	if got := concern.found(); got != "concerns/0193e3a1 1" {
		t.Errorf("marked: %s", got)
	}
}

// What is no emergency waits for the morning and comes in one mail over all services;
// then by the hour, or by ten minutes where it is urgent.
func TestDigests(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	b := start(t, in(server), night)
	b.services["concern"].add("county", "adults", "concerns/1", normal)
	b.services["plan"].add("county", "adults", "plans/1", urgent)
	b.none(server)
	b.at(morning)
	b.mail(server, "adults", "Kopissa odottaa 2 asiaa, joista 1 on kiireellinen")
	b.services["plan"].add("county", "adults", "plans/2", normal)
	b.at(morning.Add(59 * time.Minute))
	b.none(server)
	b.at(morning.Add(60 * time.Minute))
	b.mail(server, "adults", "Kopissa odottaa yksi asia")
	b.services["concern"].add("county", "adults", "concerns/2", urgent)
	b.none(server)
	b.at(morning.Add(70 * time.Minute))
	b.mail(server, "adults", "Kopissa odottaa yksi kiireellinen asia")
	b.none(server)
}

// What is at the agency alone its intake is told, in its own language; a unit without
// an address is not asked about, until the directory gives it one.
func TestAddresses(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	b := start(t, in(server), morning)
	b.services["concern"].add("county", "", "concerns/1", urgent)
	b.mail(server, "intake", "Ett brådskande ärende väntar i Koppi")
	b.services["plan"].add("kela", "benefits", "plans/1", emergency)
	b.none(server)
	b.directory.Replace(parsed(t, strings.Replace(units, `"unit":"benefits"`, `"unit":"benefits","email":"benefits@county.example.fi"`, 1)))
	b.mail(server, "benefits", "One emergency waits in Koppi")
}

// A mail server that is down loses nothing.
func TestServerDown(t *testing.T) {
	gone := mailtest.Start(t, mailtest.Config{})
	settings, address := in(gone), gone.Address
	gone.Stop()
	b := start(t, settings, morning)
	b.services["concern"].add("county", "adults", "concerns/1", normal)
	b.logged("could not be told", 3)
	if got := b.services["concern"].found(); got != "concerns/1 0" {
		t.Errorf("marked: %s", got)
	}
	server := mailtest.Start(t, mailtest.Config{Address: address})
	b.mail(server, "adults", "Kopissa odottaa yksi asia")
	b.none(server)
}

// Refusals for now and for good stop nobody else, and are logged without an address or
// a subject.
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
	b := start(t, in(server), morning)
	b.services["concern"].add("county", "adults", "concerns/1", emergency)
	b.services["plan"].add("county", "intake", "plans/1", normal)
	b.mail(server, "intake", "Ett ärende väntar i Koppi")
	for _, temporary := range []int64{550, 451} {
		code.Store(temporary)
		b.logged("answered "+strconv.FormatInt(temporary, 10), 2)
	}
	code.Store(0)
	b.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	b.none(server)
	b.stop()
	for _, secret := range []string{"@", "concerns/1", "plans/1", "no mailbox"} {
		if b.log.count(secret) > 0 {
			t.Errorf("the log holds %q: %s", secret, b.log.text.String())
		}
	}
}

// A service that does not answer stops no other, and is told of once.
func TestSilentService(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	b := start(t, in(server), morning)
	b.services["plan"].change(func() { b.services["plan"].asking = errors.New("down") })
	b.services["concern"].add("county", "adults", "concerns/1", emergency)
	b.services["plan"].add("county", "adults", "plans/1", emergency)
	b.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	b.none(server)
	b.services["plan"].change(func() { b.services["plan"].asking = nil })
	b.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	b.none(server)
	if b.log.count("does not answer") != 1 || b.log.count("answers again") != 1 {
		t.Errorf("%s", b.log.text.String())
	}
}

// What was told and could not be marked is marked later, and not told again; a marking
// whose answer was lost is not repeated.
func TestMarking(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	b := start(t, in(server), night)
	concern, plan := b.services["concern"], b.services["plan"]
	concern.change(func() { concern.marking = errors.New("the disk is full") })
	plan.change(func() { plan.answering = status.Error(codes.Unavailable, "the answer is lost") })
	concern.add("county", "adults", "concerns/1", emergency)
	b.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	b.none(server)
	concern.change(func() { concern.marking = nil })
	if told := <-concern.told; !slices.Equal(told, []string{"concerns/1"}) {
		t.Errorf("marked %v", told)
	}
	plan.add("county", "adults", "plans/1", emergency)
	b.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
	b.none(server)
	if concern.found() != "concerns/1 1" || plan.found() != "plans/1 1" {
		t.Errorf("marked: %s, %s", concern.found(), plan.found())
	}
	plan.change(func() { plan.answering = nil })
	b.at(night.Add(31 * time.Minute))
	b.mail(server, "adults", "Kopissa odottaa 2 asiaa, joista 2 on hätätilanteita")
	b.none(server)
}

// held is presence that another has, or that does not answer.
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

// Another gateway that tells is left to it; who cannot see the others for long enough
// tells too, and who ends gives it up.
func TestPresence(t *testing.T) {
	for name, free := range map[string]func(*held){
		"the other left":       func(h *held) { h.mine.Store(true) },
		"the other is unknown": func(h *held) { err := errors.New("redis is gone"); h.err.Store(&err) },
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, mailtest.Config{})
			other := &held{left: make(chan struct{}), ask: make(chan struct{})}
			b := start(t, in(server), night, func(config *notice.Config) {
				config.Leases, config.Timing.Unchecked = other, 20*time.Millisecond
			})
			b.services["concern"].add("county", "adults", "concerns/1", emergency)
			for range 3 {
				b.await(other.ask)
			}
			if len(server.Tried) > 0 {
				t.Error("two tell")
			}
			free(other)
			b.mail(server, "adults", "Kopissa odottaa yksi hätätilanne")
			b.stop()
			<-other.left
		})
	}
}
