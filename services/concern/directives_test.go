package concern_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/service"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// between lets something happen, once, between a decision and its append.
type between struct {
	journal.Store
	mu   sync.Mutex
	when string
	then func() error
}

// next has it happen before the next append of an event of that type.
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

// registrar takes what the service gives the gateway.
type registrar struct{ caseworkv1.MatterServiceServer }

func (r *registrar) RegisterService(_ *grpc.ServiceDesc, served any) {
	if found, ok := served.(caseworkv1.MatterServiceServer); ok {
		r.MatterServiceServer = found
	}
}

// wished is a service, what stands between it and its store, and its part of the client's
// wishes.
type wished struct {
	*tested
	store *faulty
	between
	casework registrar
	secrets  *identity.Secrets
	t        *testing.T
}

func startWished(t *testing.T) *wished {
	w := &wished{t: t}
	w.tested, w.store = start(t, func(deps *service.Deps) {
		w.Store, w.secrets = deps.Store, deps.Secrets
		deps.Store = &w.between
	})
	w.Register(&w.casework)
	return w
}

var anna = report().GetClient()

func (w *wished) record(ctx context.Context, r *caseworkv1.RecordWishRequest) (*consentv1.Wishes, error) {
	recorded, err := w.casework.RecordWish(ctx, r)
	return recorded.GetWishes(), err
}

func toHVA() *consentv1.Recipient {
	return &consentv1.Recipient{Of: &consentv1.Recipient_Kind{Kind: "AGENCY_KIND_SOCIAL_SERVICES"}}
}

// client is the person whom the reports are about.
func (w *wished) client() context.Context {
	w.t.Helper()
	code, err := idcode.Parse(anna.GetPersonalIdentityCode(), true, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return identity.WithCaller(kela(w.t), identity.Caller{Role: identity.RoleClient, Client: w.secrets.ClientID(code)})
}

func (w *wished) prohibit() (*consentv1.Prohibition, error) {
	wishes, err := w.record(w.client(), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_Prohibit{
		Prohibit: &consentv1.ProhibitTransferRequest{RequestId: uuid.NewString(), Recipient: toHVA()},
	}})
	if err != nil {
		return nil, err
	}
	return wishes.GetProhibitions()[0], nil
}

func (w *wished) lift(id string) {
	w.t.Helper()
	_, err := w.record(w.client(), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_Lift{
		Lift: &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), ProhibitionId: id},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *wished) send(r *concernv1.SubmitConcernRequest) (string, error) {
	sent, err := w.SubmitConcern(kela(w.t), r)
	return sent.GetConcern().GetConcernId(), err
}

func (w *wished) withdrawn(id string) bool {
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
	w.t.Fatalf("%s rests on no consent", id)
	return false
}

func (w *wished) clientID(id string) string {
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

// Given a report that was decided while nothing was prohibited, when the prohibition comes
// before it is recorded, it is stopped; the other way round it was sent before, and is
// withdrawn.
func TestAWishComesBetween(t *testing.T) {
	w := startWished(t)
	var prohibited *consentv1.Prohibition
	prohibit := func() (err error) {
		prohibited, err = w.prohibit()
		return err
	}
	for name, r := range map[string]*concernv1.SubmitConcernRequest{"the first wish": report(), "the next": report(), "by law": byLaw()} {
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

	// A consent that is cited is withdrawn in between.
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
		t.Errorf("on a consent withdrawn in between: %v", err)
	}
}

// Given an approved override, when two send by it at the same moment, one does.
func TestAnOverrideIsUsedOnce(t *testing.T) {
	w := startWished(t)
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
		t.Errorf("it was used twice: %v", err)
	}
}

// Reports and prohibitions at the same moment: whatever was sent was sent before, and on
// consent it is withdrawn, however they meet.
func TestSendingsAndProhibitionsAtOnce(t *testing.T) {
	w := startWished(t)
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
				t.Fatal("it was told after the client had prohibited it")
			case err == nil && i%2 == 0 && !w.withdrawn(sent[i]):
				t.Fatal("it was sent before, on consent, and stands")
			case err != nil && fault.ReasonOf(err) != fault.TransferProhibited && fault.ReasonOf(err) != fault.ConsentWithdrawn:
				t.Fatal(err)
			}
		}
		w.lift(prohibited.GetProhibitionId())
	}
}

// order is when each matter began, and when the last prohibition was recorded: by the
// records of accesses, which are made in the same append.
func (w *wished) order() (began map[string]int64, last map[string]int64) {
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

// Given a prohibition whose process fails before it has withdrawn what rests on consent,
// when the clock comes, it does.
func TestProhibitionIsCarriedOutAfterFailure(t *testing.T) {
	w := startWished(t)
	sent, err := w.send(report())
	if err != nil {
		t.Fatal(err)
	}
	w.next(withdrawnEvent, func() error { return errors.New("the disk is full") })
	if _, err := w.prohibit(); fault.ReasonOf(err) != fault.Unavailable {
		t.Fatalf("it is answered before it is done: %v", err)
	}
	if w.withdrawn(sent) {
		t.Fatal("it did not fail")
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	defer func() { stop(); <-ended }()
	eventually(t, "it is withdrawn", func() bool { return w.withdrawn(sent) })
}

// What a client wishes shows in no worklist, mailbox, timeline or statistic, and is due for
// nothing once it is carried out.
func TestDirectivesAreNotMatters(t *testing.T) {
	w := startWished(t)
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
	met, failed := w.store.Encounters(t.Context(), time.Unix(0, 0), time.Now().Add(time.Hour))
	if err := errors.Join(err, failed); err != nil || month != "" || len(met) > 0 {
		t.Errorf("%q %v %v", month, met, err)
	}
	if due, err := w.store.Due(t.Context(), time.Now().Add(time.Hour), 10); err != nil || len(due) > 0 {
		t.Errorf("%v %v", due, err)
	}
	loops := 0
	for loop, err := range w.store.RawStreams(t.Context()) {
		if loops++; err != nil || loop.Ended {
			t.Errorf("it ends, and would be destroyed in time: %+v, %v", loop, err)
		}
	}
	if loops != 1 {
		t.Errorf("%d subjects", loops)
	}
}
