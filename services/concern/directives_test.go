package concern_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/service"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// between runs a function once, between a decision and its append.
type between struct {
	journal.Store
	mu   sync.Mutex
	when string
	then func() error
}

// next runs a function before the next append of an event of a type.
func (b *between) next(when string, then func() error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.when, b.then = when, then
}

func (b *between) Append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	for _, event := range batch.Events {
		b.mu.Lock()
		then := b.then
		if event.Type != b.when {
			then = nil
		} else {
			b.then = nil
		}
		b.mu.Unlock()
		if then != nil {
			if err := then(); err != nil {
				return journal.Appended{}, err
			}
		}
	}
	return b.Store.Append(ctx, batch)
}

// registrar keeps the server that the service registers for the gateway.
type registrar struct{ caseworkv1.MatterServiceServer }

func (r *registrar) RegisterService(_ *grpc.ServiceDesc, served any) {
	if found, ok := served.(caseworkv1.MatterServiceServer); ok {
		r.MatterServiceServer = found
	}
}

// directives is a service, what lies between it and its store, and its part of the client's consent
// directives.
type directives struct {
	*tested
	store *faulty
	between
	casework registrar
	secrets  *identity.Secrets
	t        *testing.T
}

// stopping returns a table in which a prohibition stops every message, so that an override is needed.
func stopping(t *testing.T) *ground.Grounds {
	t.Helper()
	table, err := ground.Parse(bytes.ReplaceAll(ground.BuiltIn, []byte(`"prohibition": "RECORDED"`), []byte(`"prohibition": "STOPS"`)))
	if err != nil {
		t.Fatal(err)
	}
	return ground.Hold(table)
}

func startDirectives(t *testing.T) *directives {
	w := &directives{t: t}
	w.tested, w.store = start(t, func(deps *service.Deps) {
		w.Store, w.secrets = deps.Store, deps.Secrets
		deps.Store, deps.Grounds = &w.between, stopping(t)
	})
	w.Register(&w.casework)
	return w
}

var anna = report().GetClient()

func (w *directives) record(ctx context.Context, r *caseworkv1.RecordWishRequest) (*consentv1.Wishes, error) {
	recorded, err := w.casework.RecordWish(ctx, r)
	return recorded.GetWishes(), err
}

func toHVA() *consentv1.Recipient {
	return &consentv1.Recipient{Of: &consentv1.Recipient_Kind{Kind: "AGENCY_KIND_SOCIAL_SERVICES"}}
}

// client returns the context of the person whom the reports concern.
func (w *directives) client() context.Context {
	w.t.Helper()
	code, err := idcode.Parse(anna.GetPersonalIdentityCode(), idcode.AllPersons, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return identity.WithCaller(kela(w.t), identity.Caller{Role: identity.RoleClient, Client: w.secrets.ClientID(code)})
}

func (w *directives) prohibit() (*consentv1.Prohibition, error) {
	recorded, err := w.record(w.client(), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_Prohibit{
		Prohibit: &consentv1.ProhibitTransferRequest{RequestId: uuid.NewString(), Recipient: toHVA()},
	}})
	if err != nil {
		return nil, err
	}
	return recorded.GetProhibitions()[0], nil
}

func (w *directives) lift(id string) {
	w.t.Helper()
	_, err := w.record(w.client(), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_Lift{
		Lift: &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), ProhibitionId: id},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *directives) send(r *concernv1.SubmitConcernRequest) (string, error) {
	sent, err := w.SubmitConcern(kela(w.t), r)
	return sent.GetConcern().GetConcernId(), err
}

func (w *directives) withdrawn(id string) bool {
	w.t.Helper()
	listed, err := w.casework.ReadConsents(identity.WithCaller(kela(w.t), identity.Caller{Agency: "kela", Role: identity.RoleSystem, System: true}),
		&caseworkv1.ReadConsentsRequest{Consents: &consentv1.ListConsentsRequest{ClientId: w.clientID(id), Purpose: "Tarkistus."}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, one := range listed.GetConsents() {
		if one.GetSubject() == "concerns/"+id {
			return one.GetWithdrawal() != nil
		}
	}
	w.t.Fatalf("%s does not rest on consent", id)
	return false
}

func (w *directives) clientID(id string) string {
	w.t.Helper()
	shown, err := w.GetConcern(kela(w.t), &concernv1.GetConcernRequest{ConcernId: id})
	if err != nil {
		w.t.Fatal(err)
	}
	return shown.GetConcern().GetClientId()
}

func byLaw() *concernv1.SubmitConcernRequest {
	r := report()
	r.Basis = &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION, Provision: "1301/2014 § 35.2",
		Attestation: &commonv1.Attestation{ConsentUnobtainable: true, EvidentlyUnableToCareForSelf: true},
	}
	return r
}

const (
	submittedEvent  = "koppi.concern.v1.ConcernSubmitted"
	prohibitedEvent = "koppi.consent.v1.TransferProhibited"
	withdrawnEvent  = "koppi.common.v1.ConsentWithdrawn"
)

// A report that was decided before a prohibition and not yet recorded is refused. A report that was
// recorded before the prohibition is withdrawn.
func TestAWishComesBetween(t *testing.T) {
	w := startDirectives(t)
	var prohibited *consentv1.Prohibition
	prohibit := func() (err error) {
		prohibited, err = w.prohibit()
		return err
	}
	for name, r := range map[string]*concernv1.SubmitConcernRequest{"the first directive": report(), "the second": report(), "by law": byLaw()} {
		w.next(submittedEvent, prohibit)
		if _, err := w.send(r); fault.ReasonOf(err) != fault.TransferProhibited {
			t.Errorf("%s: %v", name, err)
		}
		w.lift(prohibited.GetProhibitionId())
	}
	var sent string
	w.next(prohibitedEvent, func() (err error) {
		sent, err = w.send(report())
		return err
	})
	if err := prohibit(); err != nil || len(prohibited.GetWithdrawn()) != 1 || !w.withdrawn(sent) {
		t.Errorf("%v, %v", prohibited, err)
	}
	w.lift(prohibited.GetProhibitionId())

	// The cited consent is withdrawn between the decision and the append.
	given, err := w.record(w.client(), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_GiveConsent{GiveConsent: &consentv1.GiveConsentRequest{
		RequestId: uuid.NewString(), Sender: "kela", Recipient: toHVA(), Services: []string{"concern"}, Purpose: "Apu.", Provision: "1301/2014 § 35.1",
		Until: timestamppb.New(time.Now().Add(time.Hour)),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	id := given.GetConsents()[0].GetConsentId()
	cited := report()
	cited.Basis.ConsentId, cited.Basis.ConsentedAt = id, nil
	w.next(submittedEvent, func() error {
		_, err := w.record(w.client(), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_WithdrawConsent{
			WithdrawConsent: &consentv1.WithdrawAdvanceConsentRequest{RequestId: uuid.NewString(), ConsentId: id},
		}})
		return err
	})
	if _, err := w.send(cited); fault.ReasonOf(err) != fault.ConsentWithdrawn {
		t.Errorf("on a consent that was withdrawn meanwhile: %v", err)
	}
}

// Of two reports that use an approved override at the same moment, one is sent.
func TestAnOverrideIsUsedOnce(t *testing.T) {
	w := startDirectives(t)
	if _, err := w.prohibit(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.send(byLaw()); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Fatal(err)
	}
	asked, err := w.record(kela(t), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_RequestOverride{RequestOverride: &consentv1.RequestOverrideRequest{
		RequestId: uuid.NewString(), Client: anna, Service: "concern", Receiver: "hva", Ground: byLaw().GetBasis().GetGround(), Provision: "1301/2014 § 35.2", Reason: "Hätä.",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.record(as(t, "kela", "a", "kela-18", identity.RoleBenefitHandler), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_DecideOverride{
		DecideOverride: &consentv1.DecideOverrideRequest{RequestId: uuid.NewString(), Client: anna, Service: "concern", OverrideId: asked.GetOverrides()[0].GetOverrideId(), Approve: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.next(submittedEvent, func() error {
		_, err := w.send(byLaw())
		return err
	})
	if _, err := w.send(byLaw()); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("the override was used twice: %v", err)
	}
}

// Of reports and a prohibition at the same moment, each report that was sent was recorded before the
// prohibition, and is withdrawn if it rests on consent.
func TestSendingsAndProhibitionsAtOnce(t *testing.T) {
	w := startDirectives(t)
	for range 15 {
		var prohibited *consentv1.Prohibition
		sent, errs := make([]string, 4), make([]error, 4)
		var together sync.WaitGroup
		for i := range sent {
			together.Go(func() {
				r := report()
				r.Basis.ConsentedAt = timestamppb.New(time.Now().Truncate(time.Microsecond))
				if i%2 == 1 {
					r = byLaw()
				}
				sent[i], errs[i] = w.send(r)
			})
		}
		together.Go(func() {
			var err error
			if prohibited, err = w.prohibit(); err != nil {
				t.Error(err)
			}
		})
		together.Wait()
		order, at := w.order()
		for i, err := range errs {
			switch {
			case err == nil && order["concerns/"+sent[i]] > at[prohibitedEvent]:
				t.Fatal("it was sent after the prohibition")
			case err == nil && i%2 == 0 && !w.withdrawn(sent[i]):
				t.Fatal("it was sent before the prohibition, on consent, and is not withdrawn")
			case err != nil && fault.ReasonOf(err) != fault.TransferProhibited && fault.ReasonOf(err) != fault.ConsentWithdrawn:
				t.Fatal(err)
			}
		}
		w.lift(prohibited.GetProhibitionId())
	}
}

// order returns when each matter began, and when the last event of each type was recorded, by the
// access log, which is written in the same append.
func (w *directives) order() (began map[string]int64, last map[string]int64) {
	w.t.Helper()
	began, last = map[string]int64{}, map[string]int64{}
	hashes := map[string]string{}
	for event, err := range w.store.RawEvents(w.t.Context()) {
		if err != nil {
			w.t.Fatal(err)
		}
		hashes[string(event.Hash)] = event.Type
	}
	number := int64(0)
	for access, err := range w.store.RawAccesses(w.t.Context()) {
		if err != nil {
			w.t.Fatal(err)
		}
		number++
		if _, seen := began[access.Subject]; !seen {
			began[access.Subject] = number
		}
		last[hashes[string(access.Head)]] = number
	}
	return began, last
}

// If the process fails before a prohibition has withdrawn the matters that rest on consent, the clock
// withdraws them.
func TestProhibitionIsCarriedOutAfterFailure(t *testing.T) {
	w := startDirectives(t)
	sent, err := w.send(report())
	if err != nil {
		t.Fatal(err)
	}
	w.next(withdrawnEvent, func() error { return errors.New("the disk is full") })
	if _, err := w.prohibit(); fault.ReasonOf(err) != fault.Unavailable {
		t.Fatalf("it was answered before it was carried out: %v", err)
	}
	if w.withdrawn(sent) {
		t.Fatal("the withdrawal did not fail")
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	defer func() { stop(); <-ended }()
	eventually(t, "the report is withdrawn", func() bool { return w.withdrawn(sent) })
}

// A consent directive appears in no worklist, mailbox, timeline or statistic, and has no due time once
// it is carried out.
func TestDirectivesAreNotMatters(t *testing.T) {
	w := startDirectives(t)
	if _, err := w.prohibit(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.send(byLaw()); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Fatal(err)
	}
	for _, agency := range []string{"kela", "hva"} {
		entries, err := w.store.WorklistEntries(t.Context(), journal.Query{Agency: agency, WithHidden: true})
		heads, failed := w.store.Positions(t.Context(), agency)
		if err := errors.Join(err, failed); err != nil || len(entries)+len(heads) > 0 {
			t.Errorf("%v %v %v", entries, heads, err)
		}
	}
	month, err := w.store.FirstMonth(t.Context())
	encounters, failed := w.store.Encounters(t.Context(), time.Unix(0, 0), time.Now().Add(time.Hour))
	if err := errors.Join(err, failed); err != nil || month != "" || len(encounters) > 0 {
		t.Errorf("%q %v %v", month, encounters, err)
	}
	if due, err := w.store.Due(t.Context(), time.Now().Add(time.Hour), 10); err != nil || len(due) > 0 {
		t.Errorf("%v %v", due, err)
	}
	streams := 0
	for stream, err := range w.store.RawStreams(t.Context()) {
		if streams++; err != nil || stream.Ended {
			t.Errorf("its stream has ended and would be deleted: %+v, %v", stream, err)
		}
	}
	if streams != 1 {
		t.Errorf("%d streams", streams)
	}
}
