package directive_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

const (
	access       = commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS
	notification = commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// fixture holds the directives of a client, to which a test applies commands.
type fixture struct {
	t          testing.TB
	directives directive.Directives
	at         time.Time
	count      int
}

func newFixture(t testing.TB) *fixture { return &fixture{t: t, at: noon} }

func worker(agency, name string) *commonv1.Party {
	return &commonv1.Party{Agency: agency, Unit: "unit", Worker: name}
}

// record applies an event.
func (w *fixture) record(by *commonv1.Party, message proto.Message) {
	w.directives = directive.Evolve(w.directives, matter.Event{Subject: "wishes/1", Client: "anna", Message: message, By: by, At: w.at})
}

// does decides a request and records its events. It returns the id of the new directive.
func (w *fixture) does(by *commonv1.Party, r proto.Message) (string, error) {
	w.count++
	id := fmt.Sprint(w.count)
	return id, w.decides(directive.Command{By: by, ID: id, Request: r})
}

// decides decides a command at the current time and records its events.
func (w *fixture) decides(c directive.Command) error {
	c.At, c.Listed = w.at, true
	events, err := directive.Decide(w.directives, c)
	for _, event := range events {
		w.record(event.By, event.Message)
	}
	return err
}

// prohibits records a prohibition by an agency, confirmed by a second officer.
func (w *fixture) prohibits(by *commonv1.Party, to *consentv1.Recipient) string {
	w.t.Helper()
	id := w.must(by, &consentv1.ProhibitTransferRequest{Recipient: to, Reason: "Asiakas pyysi."})
	w.must(worker(by.GetAgency(), by.GetWorker()+" second"), &consentv1.DecideWishRequest{WishId: id, Confirm: true})
	return id
}

func (w *fixture) must(by *commonv1.Party, r proto.Message) string {
	w.t.Helper()
	id, err := w.does(by, r)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func toAgency(agency string) *consentv1.Recipient {
	return &consentv1.Recipient{Of: &consentv1.Recipient_Agency{Agency: agency}}
}

func toKind(kind string) *consentv1.Recipient {
	return &consentv1.Recipient{Of: &consentv1.Recipient_Kind{Kind: kind}}
}

func (w *fixture) sending(by *commonv1.Party) directive.Sending {
	return directive.Sending{By: by, Service: "referral", Step: "SendReferral", Ground: access, At: w.at}
}

// The kinds of recipients are the kinds of agencies in the directory.
func TestRecipientKinds(t *testing.T) {
	field := (*consentv1.Recipient)(nil).ProtoReflect().Descriptor().Fields().ByName("kind")
	options := fmt.Sprint(field.Options())
	for number, name := range caseworkv1.AgencyKind_name {
		if named := strings.Contains(options, `"`+name+`"`); named != (number != 0) {
			t.Errorf("%s: %v", name, named)
		}
	}
}

// Evolve handles every event, and does not modify the directives that it is given.
func TestEvolve(t *testing.T) {
	w := newFixture(t)
	first, second := worker("kela", "a"), worker("kela", "b")
	events := map[protoreflect.Name]bool{}
	step := func(by *commonv1.Party, message proto.Message) {
		before, shown := w.directives, fmt.Sprint(w.directives)
		w.record(by, message)
		if fmt.Sprint(before) != shown {
			t.Errorf("%s modifies the previous state", message.ProtoReflect().Descriptor().Name())
		}
		if fmt.Sprint(w.directives) == shown {
			t.Errorf("%s changes nothing", message.ProtoReflect().Descriptor().Name())
		}
		events[message.ProtoReflect().Descriptor().Name()] = true
	}
	step(nil, &consentv1.ConsentGiven{Consent: &consentv1.AdvanceConsent{ConsentId: "c"}})
	step(first, &consentv1.ConsentCited{ConsentId: "c", Subjects: []string{"referrals/1"}})
	step(first, &consentv1.ConsentCited{ConsentId: "c", Subjects: []string{"referrals/2"}})
	step(nil, &consentv1.AdvanceConsentWithdrawn{ConsentId: "c"})
	step(nil, &consentv1.TransferProhibited{ProhibitionId: "p", Recipient: toAgency("hva")})
	if next := directive.NextCheck(matter.History[directive.Directives]{State: w.directives}); next.IsZero() || next.After(w.at) || len(w.directives.Pending) != 2 {
		t.Errorf("at %v for %v", next, w.directives.Pending)
	}
	step(nil, &consentv1.WishCarriedOut{WishId: "c", Withdrawn: []string{"referrals/1"}})
	step(nil, &consentv1.WishCarriedOut{WishId: "p", Continuing: []string{"referrals/3"}})
	step(first, &consentv1.SendingBlocked{Sending: &consentv1.BlockedSending{Receiver: "hva"}})
	step(first, &consentv1.OverrideRequested{Override: &consentv1.Override{OverrideId: "o"}})
	step(second, &consentv1.OverrideDecided{OverrideId: "o", Approved: true, Until: timestamppb.New(noon)})
	for _, id := range []string{"w", "v"} {
		step(first, &consentv1.OverrideRequested{Override: &consentv1.Override{OverrideId: id, Waiting: &consentv1.WaitingWish{WishId: id}, Listed: true}})
	}
	step(second, &consentv1.OverrideDecided{OverrideId: "w", Approved: true})
	step(first, &consentv1.OverrideUsed{OverrideId: "o", Subject: "referrals/4"})
	step(nil, &consentv1.ProhibitionLifted{ProhibitionId: "p"})
	if len(w.directives.Pending) != 0 || !directive.NextCheck(matter.History[directive.Directives]{State: w.directives}).IsZero() {
		t.Errorf("%v is pending", w.directives.Pending)
	}
	if got := w.directives.Consents[0]; len(got.GetCitedIn()) != 2 || len(got.GetWithdrawn()) != 1 || got.GetWithdrawnAt() == nil {
		t.Errorf("%v", got)
	}
	notEvents := map[protoreflect.Name]bool{"Recipient": true, "Wishes": true, "AdvanceConsent": true, "Prohibition": true, "BlockedSending": true, "Override": true, "WithdrawnConsent": true, "WaitingWish": true}
	messages := consentv1.File_koppi_consent_v1_wishes_proto.Messages()
	for i := range messages.Len() {
		if name := messages.Get(i).Name(); events[name] == notEvents[name] {
			t.Errorf("%s is not tested here", name)
		}
	}
}

// Who can record a consent in advance, for which sender and for how long, and who can cite it.
func TestAdvanceConsents(t *testing.T) {
	w := newFixture(t)
	kela, hva := worker("kela", "a"), worker("hva", "b")
	give := func(change func(*consentv1.GiveConsentRequest)) *consentv1.GiveConsentRequest {
		r := &consentv1.GiveConsentRequest{Recipient: toKind("AGENCY_KIND_HEALTH_CARE"), Services: []string{"referral"}, Until: timestamppb.New(noon.AddDate(2, 0, 0))}
		if change != nil {
			change(r)
		}
		return r
	}
	for name, r := range map[string]*consentv1.GiveConsentRequest{
		"for another sender": give(func(r *consentv1.GiveConsentRequest) { r.Sender = "hva" }),
		"in the future":      give(func(r *consentv1.GiveConsentRequest) { r.GivenAt = timestamppb.New(noon.Add(time.Second)) }),
		"ended":              give(func(r *consentv1.GiveConsentRequest) { r.Until = timestamppb.New(noon) }),
		"for ever": give(func(r *consentv1.GiveConsentRequest) {
			r.Until = timestamppb.New(noon.AddDate(2, 0, 0).Add(time.Second))
		}),
	} {
		if _, err := w.does(kela, r); fault.ReasonOf(err) != fault.InvalidField || len(w.directives.Consents) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	recorded := w.must(kela, give(nil))
	own := w.must(nil, give(func(r *consentv1.GiveConsentRequest) { r.Sender = "hva" }))
	anybody := w.must(nil, give(func(r *consentv1.GiveConsentRequest) {
		r.GivenAt = timestamppb.New(noon.AddDate(-1, 0, 0))
		r.Until = timestamppb.New(noon.AddDate(1, 0, 0))
	}))
	at := func(by *commonv1.Party, change func(*directive.Sending)) directive.Sending {
		s := w.sending(by)
		if change != nil {
			change(&s)
		}
		return s
	}
	for name, test := range map[string]struct {
		sending directive.Sending
		id      string
		want    fault.Reason
	}{
		"its own":         {at(kela, nil), recorded, ""},
		"another's":       {at(hva, nil), recorded, fault.ConsentNotCovering},
		"one named":       {at(hva, nil), own, ""},
		"not named":       {at(kela, nil), own, fault.ConsentNotCovering},
		"anybody":         {at(hva, nil), anybody, ""},
		"another service": {at(kela, func(s *directive.Sending) { s.Service = "plan" }), recorded, fault.ConsentNotCovering},
		"unknown":         {at(kela, nil), "x", fault.ConsentNotCovering},
		"at the last":     {at(kela, func(s *directive.Sending) { s.At = noon.AddDate(2, 0, 0).Add(-time.Microsecond) }), recorded, ""},
		"at the end":      {at(kela, func(s *directive.Sending) { s.At = noon.AddDate(2, 0, 0) }), recorded, fault.ConsentExpired},
	} {
		if _, err := w.directives.Cited(test.sending, test.id); fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.does(hva, &consentv1.WithdrawAdvanceConsentRequest{ConsentId: recorded, Reason: "Asiakas pyysi."}); fault.ReasonOf(err) != fault.NotFound {
		t.Errorf("withdrawn by another agency: %v", err)
	}
	w.must(nil, &consentv1.WithdrawAdvanceConsentRequest{ConsentId: recorded})
	w.must(kela, &consentv1.WithdrawAdvanceConsentRequest{ConsentId: recorded, Reason: "Asiakas pyysi."})
	if _, err := w.directives.Cited(w.sending(kela), recorded); fault.ReasonOf(err) != fault.ConsentWithdrawn || len(w.directives.Pending) != 1 {
		t.Errorf("%v, pending %v", err, w.directives.Pending)
	}
	for name, test := range map[string]struct {
		to           *consentv1.Recipient
		agency, kind string
		want         bool
	}{
		"agency": {toAgency("hva"), "hva", "X", true}, "another": {toAgency("hva"), "kela", "X", false},
		"kind": {toKind("X"), "hva", "X", true}, "another kind": {toKind("X"), "X", "Y", false}, "none": {nil, "", "", false}, "named as a kind": {toAgency("X"), "hva", "X", false},
	} {
		if directive.Covers(test.to, test.agency, test.kind) != test.want {
			t.Errorf("%s: not %v", name, test.want)
		}
	}
}

// For any sequence of prohibitions, liftings and overrides, a message may be sent to an agency only
// if no prohibition on it is in force, or with an unused override that two officers of the sender
// made for that receiver and ground within a day.
func TestOverridesProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newFixture(t)
		type override struct {
			by                *commonv1.Party
			receiver          string
			ground            commonv1.LegalGround
			asked, approved   time.Time
			decided, used, ok bool
		}
		inForce, overrides, stopped := map[string]string{}, map[string]*override{}, map[string]bool{}
		kinds := map[string]string{"hva": "SOCIAL", "terveys": "HEALTH", "klinikka": "HEALTH"}
		receivers := rapid.SampledFrom([]string{"hva", "terveys", "klinikka"})
		officers := rapid.Custom(func(rt *rapid.T) *commonv1.Party {
			return worker(rapid.SampledFrom([]string{"kela", "kunta"}).Draw(rt, "agency"), rapid.SampledFrom([]string{"a", "b", ""}).Draw(rt, "worker"))
		})
		grounds := rapid.SampledFrom([]commonv1.LegalGround{access, notification, commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT})
		pick := func(rt *rapid.T) (string, *override) {
			if len(overrides) == 0 {
				return "none", nil
			}
			var ids []string
			for i := range w.count + 1 {
				if overrides[fmt.Sprint(i)] != nil {
					ids = append(ids, fmt.Sprint(i))
				}
			}
			id := rapid.SampledFrom(ids).Draw(rt, "override")
			return id, overrides[id]
		}
		rt.Repeat(map[string]func(*rapid.T){
			"time": func(rt *rapid.T) { w.at = w.at.Add(time.Duration(rapid.IntRange(1, 30).Draw(rt, "hours")) * time.Hour) },
			"prohibit": func(rt *rapid.T) {
				to := rapid.SampledFrom([]string{"hva", "terveys", "HEALTH"}).Draw(rt, "to")
				recipient := toAgency(to)
				if to == "HEALTH" {
					recipient = toKind(to)
				}
				inForce[w.must(nil, &consentv1.ProhibitTransferRequest{Recipient: recipient})] = to
			},
			"lift": func(rt *rapid.T) {
				for id := range inForce {
					w.must(nil, &consentv1.LiftProhibitionRequest{ProhibitionId: id})
					delete(inForce, id)
					break
				}
			},
			"ask": func(rt *rapid.T) {
				by, receiver, ground := officers.Draw(rt, "by"), receivers.Draw(rt, "receiver"), grounds.Draw(rt, "ground")
				id, err := w.does(by, &consentv1.RequestOverrideRequest{Service: "referral", Receiver: receiver, Ground: ground, Provision: "§", Reason: "Syy."})
				may := by.GetWorker() != "" && stopped[by.GetAgency()+receiver] && ground != commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT
				if may != (err == nil) {
					rt.Fatalf("%v asks: %v", by, err)
				}
				if may {
					overrides[id] = &override{by: by, receiver: receiver, ground: ground, asked: w.at}
				}
			},
			"decide": func(rt *rapid.T) {
				by, approve := officers.Draw(rt, "by"), rapid.Bool().Draw(rt, "approve")
				id, o := pick(rt)
				_, err := w.does(by, &consentv1.DecideOverrideRequest{Service: "referral", OverrideId: id, Approve: approve})
				may := o != nil && by.GetWorker() != "" && by.GetAgency() == o.by.GetAgency() && by.GetWorker() != o.by.GetWorker() && !o.decided && w.at.Sub(o.asked) < 24*time.Hour
				if may != (err == nil) {
					rt.Fatalf("%v decides %+v: %v", by, o, err)
				}
				if may {
					o.decided, o.ok, o.approved = true, approve, w.at
				}
			},
			"send": func(rt *rapid.T) {
				s := w.sending(officers.Draw(rt, "by"))
				receiver := receivers.Draw(rt, "receiver")
				s.Ground = grounds.Draw(rt, "ground")
				prohibited := false
				for _, to := range inForce {
					prohibited = prohibited || to == receiver || to == kinds[receiver]
				}
				if w.directives.Prohibits(s, receiver, kinds[receiver]) != prohibited {
					rt.Fatalf("%s is prohibited: %v", receiver, prohibited)
				}
				if !prohibited {
					return
				}
				var admits *override
				for _, o := range overrides {
					if o.ok && !o.used && w.at.Sub(o.approved) < 24*time.Hour && o.by.GetAgency() == s.By.GetAgency() && o.receiver == receiver && o.ground == s.Ground {
						admits = o
					}
				}
				found := w.directives.OverrideFor(s, receiver)
				if (found != nil) != (admits != nil) {
					rt.Fatalf("admitted by %v, not by %+v", found, admits)
				}
				if found == nil {
					if message := w.directives.BlockedEvent(s, receiver); message != nil {
						w.record(s.By, message)
					}
					stopped[s.By.GetAgency()+receiver] = true
					return
				}
				overrides[found.GetOverrideId()].used = true
				w.record(s.By, &consentv1.OverrideUsed{OverrideId: found.GetOverrideId(), Subject: "referrals/1"})
			},
		})
	})
}

// A sending that is stopped again is recorded again after an hour, or if it differs.
func TestStoppedSendingRecordedAgain(t *testing.T) {
	w := newFixture(t)
	s := w.sending(worker("kela", "a"))
	w.record(s.By, w.directives.BlockedEvent(s, "hva"))
	for name, test := range map[string]struct {
		change   func(*directive.Sending)
		receiver string
		anew     bool
	}{
		"at once":          {func(*directive.Sending) {}, "hva", false},
		"within the hour":  {func(s *directive.Sending) { s.At = s.At.Add(time.Hour - 1) }, "hva", false},
		"an hour later":    {func(s *directive.Sending) { s.At = s.At.Add(time.Hour) }, "hva", true},
		"another receiver": {func(*directive.Sending) {}, "terveys", true},
		"another worker":   {func(s *directive.Sending) { s.By = worker("kela", "b") }, "hva", true},
		"another agency":   {func(s *directive.Sending) { s.By = worker("kunta", "a") }, "hva", true},
		"another step":     {func(s *directive.Sending) { s.Step = "RedirectReferral" }, "hva", true},
	} {
		again := s
		test.change(&again)
		if got := w.directives.BlockedEvent(again, test.receiver); (got != nil) != test.anew {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// An agency sees its own directives, and in them only the matters to which it is party. The client
// sees all directives, without names of workers.
func TestVisibility(t *testing.T) {
	w := newFixture(t)
	kela, second := worker("kela", "a"), worker("kela", "b")
	advance := w.must(kela, &consentv1.GiveConsentRequest{Recipient: toAgency("hva"), Services: []string{"plan"}, Until: timestamppb.New(noon.AddDate(1, 0, 0))})
	w.record(kela, &consentv1.ConsentCited{ConsentId: advance, Subjects: []string{"plans/1", "plans/2"}})
	prohibited := w.prohibits(kela, toAgency("hva"))
	w.record(nil, &consentv1.WishCarriedOut{WishId: prohibited, Withdrawn: []string{"plans/1", "plans/2"}, Continuing: []string{"plans/2", "plans/1"}})
	w.must(nil, &consentv1.ProhibitTransferRequest{Recipient: toAgency("terveys")})
	s := w.sending(kela)
	w.record(kela, w.directives.BlockedEvent(s, "hva"))
	id := w.must(kela, &consentv1.RequestOverrideRequest{Service: "referral", Receiver: "hva", Ground: access, Provision: "§", Reason: "Syy."})
	w.must(second, &consentv1.DecideOverrideRequest{Service: "referral", OverrideId: id, Approve: true})
	party := func(subject string) bool { return subject == "plans/1" }

	own := w.directives.For(directive.Reader{Agency: "kela", ClientName: "k", Party: party})
	if len(own.GetProhibitions()) != 1 || len(own.GetConsents()[0].GetCitedIn()) != 1 || len(own.GetProhibitions()[0].GetWithdrawn()) != 1 || len(own.GetProhibitions()[0].GetContinuing()) != 1 ||
		own.GetBlocked()[0].GetBy().GetWorker() != "a" || own.GetOverrides()[0].GetDecidedBy().GetWorker() != "b" || own.GetConsents()[0].GetClientId() != "k" {
		t.Errorf("the agency sees %v", own)
	}
	if other := w.directives.For(directive.Reader{Agency: "hva", Party: party}); proto.Size(other) != 0 {
		t.Errorf("the prohibited agency sees %v", other)
	}
	all := w.directives.For(directive.Reader{ClientName: "me", Party: func(string) bool { return true }})
	if len(all.GetProhibitions()) != 2 || len(all.GetProhibitions()[0].GetWithdrawn()) != 2 || all.GetOverrides()[0].GetReason() != "Syy." || all.GetOverrides()[0].GetUntil() == nil {
		t.Errorf("the client sees %v", all)
	}
	if text := fmt.Sprint(all); strings.Contains(text, `worker:`) || !strings.Contains(text, `unit:"unit"`) {
		t.Errorf("the client sees the worker's name: %v", all)
	}
}
