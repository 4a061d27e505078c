package concern_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Without a key, a consent covers feedback, as before the table; with a key it covers what the request says.
func TestConsentCoversFeedbackWithoutKey(t *testing.T) {
	service, _ := start(t)
	keyless := report()
	if shown := submitted(t, service, keyless); !proto.Equal(shown.GetFeedbackConsentedAt(), keyless.GetBasis().GetConsentedAt()) {
		t.Errorf("without a key: %v", shown.GetFeedbackConsentedAt())
	}
	keyed := report()
	keyed.Basis.GroundKey = "shl-35-1"
	if shown := submitted(t, service, keyed); shown.GetFeedbackConsentedAt() != nil || shown.GetBasis().GetFeedbackConsentedAt() != nil {
		t.Errorf("with a key: %v", shown.GetFeedbackConsentedAt())
	}
	said := report()
	said.Basis.GroundKey, said.Basis.FeedbackConsentedAt = "shl-35-1", timestamppb.New(time.Unix(1_700_000_100, 0))
	if shown := submitted(t, service, said); !proto.Equal(shown.GetFeedbackConsentedAt(), said.GetBasis().GetFeedbackConsentedAt()) {
		t.Errorf("with a key and a consent to feedback: %v", shown.GetFeedbackConsentedAt())
	}
	// The sender's clock is ahead.
	ahead, before := report(), time.Now()
	ahead.Basis.GroundKey, ahead.Basis.FeedbackConsentedAt = "shl-35-1", timestamppb.New(before.Add(matter.ClockTolerance/2))
	if at := submitted(t, service, ahead).GetFeedbackConsentedAt().AsTime(); at.Before(before.Truncate(time.Microsecond)) || at.After(time.Now()) {
		t.Errorf("with a clock that is ahead: %v", at)
	}
	unkeyed := report()
	unkeyed.Basis.FeedbackConsentedAt = unkeyed.GetBasis().GetConsentedAt()
	if _, err := service.SubmitConcern(kela(t), unkeyed); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("a consent to feedback without a key: %v", err)
	}
}

// A cited advance consent covers feedback as well, from the time at which the client gave it.
func TestCitedConsentCoversFeedbackWithoutKey(t *testing.T) {
	w := startDirectives(t)
	for _, key := range []string{"", "shl-35-1"} {
		cited := report()
		given, err := w.record(w.client(), &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_GiveConsent{GiveConsent: &consentv1.GiveConsentRequest{
			RequestId: uuid.NewString(), Recipient: toHVA(), Services: []string{"concern"}, Purpose: "Apua.", Provision: "1301/2014 § 35.1", Sender: "kela",
			Until: timestamppb.New(time.Now().Add(time.Hour)),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		consents := given.GetConsents()
		cited.Basis.ConsentId, cited.Basis.ConsentedAt, cited.Basis.GroundKey = consents[len(consents)-1].GetConsentId(), nil, key
		shown := submitted(t, w.tested, cited)
		consented := shown.GetBasis().GetConsentedAt()
		if covered := proto.Equal(shown.GetFeedbackConsentedAt(), consented); consented == nil || covered != (key == "") {
			t.Errorf("with the key %q the client consented at %v, and to feedback at %v", key, consented, shown.GetFeedbackConsentedAt())
		}
	}
}

// The receiver records the client's answer once, however often the request is sent.
func TestFeedbackConsentIsRecordedOnce(t *testing.T) {
	service, _ := start(t)
	r := report()
	r.Basis.GroundKey = "shl-35-1"
	id := submitted(t, service, r).GetConcernId()
	if _, err := service.TakeConcern(hva(t), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}); err != nil {
		t.Fatal(err)
	}
	answer := &concernv1.RecordFeedbackConsentRequest{RequestId: uuid.NewString(), ConcernId: id, Consented: true, ConsentedAt: timestamppb.New(time.Unix(1_700_000_100, 0))}
	var etags []string
	for range 2 {
		recorded, err := service.RecordFeedbackConsent(hva(t), answer)
		if err != nil {
			t.Fatal(err)
		}
		etags = append(etags, recorded.GetConcern().GetEtag())
	}
	if etags[0] != etags[1] {
		t.Errorf("repeated, the request has another effect: %v", etags)
	}
	stale := proto.CloneOf(answer)
	stale.RequestId, stale.Etag = uuid.NewString(), "stale"
	if _, err := service.RecordFeedbackConsent(hva(t), stale); fault.ReasonOf(err) != fault.StaleEtag {
		t.Errorf("on another version: %v", err)
	}
	shown, err := service.GetConcern(kela(t), &concernv1.GetConcernRequest{ConcernId: id})
	if err != nil || shown.GetConcern().GetStatus().GetResponsible().GetWorker() != "ps-21" || !proto.Equal(shown.GetConcern().GetFeedbackConsentedAt(), answer.GetConsentedAt()) {
		t.Errorf("the reporter reads %v, %v", shown, err)
	}
}
