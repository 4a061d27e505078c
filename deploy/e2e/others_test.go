package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
)

const (
	referralSvc     = "koppi.referral.v1.ReferralService/"
	consultationSvc = "koppi.consultation.v1.ConsultationService/"
	planSvc         = "koppi.plan.v1.PlanService/"
)

// body is a request as JSON, changed field by field.
func body(good, changes map[string]any) string {
	made := maps.Clone(good)
	for field, value := range changes {
		if value == nil {
			delete(made, field)
		} else {
			made[field] = value
		}
	}
	text, _ := json.Marshal(made)
	return string(text)
}

var anna = map[string]any{"personalIdentityCode": "010594Y9032", "language": "fi"}

func consentBasis() map[string]any {
	return map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "703/2023 § 53", "consentedAt": "2026-01-01T10:00:00Z"}
}

func goodReferral() map[string]any {
	return map[string]any{
		"requestId": uuid.NewString(), "client": anna, "receiver": map[string]any{"agency": "terveys-pohjois-savo"}, "basis": consentBasis(),
		"kind": "REFERRAL_KIND_SERVICE", "reason": "Arvio.", "urgency": "URGENCY_NORMAL",
	}
}

func goodQuestion() map[string]any {
	return map[string]any{
		"requestId": uuid.NewString(), "addressee": map[string]any{"agency": "terveys-pohjois-savo"},
		"basis": map[string]any{"ground": "LEGAL_GROUND_NO_PERSONAL_DATA", "provision": "703/2023 § 31"}, "topic": "Uni", "question": "Mitä?", "urgency": "URGENCY_NORMAL",
	}
}

func goodPlan() map[string]any {
	return map[string]any{"requestId": uuid.NewString(), "client": anna, "basis": consentBasis()}
}

// Invalid beginnings of referrals, consultations and plans are refused, each with its own status,
// reason and advice, and nothing is stored.
func TestBadBeginnings(t *testing.T) {
	b := newBench(t)
	send, ask, create := referralSvc+"SendReferral", consultationSvc+"OpenConsultation", planSvc+"CreatePlan"
	for name, test := range map[string]struct{ who, call, body, code, reason string }{
		"referral without a kind":         {"county", send, body(goodReferral(), map[string]any{"kind": nil}), "invalid_argument", "INVALID_FIELD"},
		"referral of no known kind":       {"county", send, body(goodReferral(), map[string]any{"kind": "REFERRAL_KIND_GIFT"}), "invalid_argument", "INVALID_FIELD"},
		"referral without a reason":       {"county", send, body(goodReferral(), map[string]any{"reason": nil}), "invalid_argument", "EXPLANATION_REQUIRED"},
		"referral without a ground":       {"county", send, body(goodReferral(), map[string]any{"basis": nil}), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"referral on notification":        {"county", send, body(goodReferral(), basis(map[string]any{"ground": "LEGAL_GROUND_STATUTORY_NOTIFICATION", "provision": "1301/2014 § 35.1"})), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"referral with attachments":       {"county", send, body(goodReferral(), map[string]any{"attachmentIds": []string{uuid.NewString()}}), "invalid_argument", "ATTACHMENT_UNAVAILABLE"},
		"referral to nobody":              {"county", send, body(goodReferral(), map[string]any{"receiver": map[string]any{"agency": "nobody"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"referral to oneself":             {"county", send, body(goodReferral(), map[string]any{"receiver": map[string]any{"agency": "hva-pohjois-savo"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"referral with a code in it":      {"county", send, body(goodReferral(), map[string]any{"reason": "Puoliso 140391-9021."}), "invalid_argument", "CONTENT_NOT_ALLOWED"},
		"referral of a wrong code":        {"county", send, body(goodReferral(), map[string]any{"client": map[string]any{"personalIdentityCode": "140391-902A"}}), "invalid_argument", "INVALID_IDENTITY_CODE"},
		"referral by the client":          {"client", send, body(goodReferral(), nil), "permission_denied", "ROLE_NOT_ALLOWED"},
		"question that asks nothing":      {"county", ask, body(goodQuestion(), map[string]any{"question": nil}), "invalid_argument", "INVALID_FIELD"},
		"question about somebody unsaid":  {"county", ask, body(goodQuestion(), map[string]any{"client": anna}), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"question about nobody, consent":  {"county", ask, body(goodQuestion(), basis(consentBasis())), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"question by an operator":         {"operator", ask, body(goodQuestion(), nil), "permission_denied", "ROLE_NOT_ALLOWED"},
		"plan without a client":           {"county", create, body(goodPlan(), map[string]any{"client": nil}), "invalid_argument", "INVALID_FIELD"},
		"plan by a system in no name":     {"system", create, body(goodPlan(), nil), "permission_denied", "ROLE_NOT_ALLOWED"},
		"plan of another's worker":        {"county", create, body(goodPlan(), map[string]any{"responsible": map[string]any{"agency": "kela", "unit": "toimeentulotuki", "worker": "kela-17"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"plan in a case that is not":      {"county", create, body(goodPlan(), map[string]any{"caseId": "abc"}), "invalid_argument", "INVALID_FIELD"},
		"list of another's, by a client":  {"client", planSvc + "ListPlans", `{"worker":"ps-21"}`, "invalid_argument", "INVALID_FIELD"},
		"list, by an operator":            {"operator", referralSvc + "ListReferrals", `{}`, "permission_denied", "ROLE_NOT_ALLOWED"},
		"a referral that is not":          {"county", referralSvc + "GetReferral", fmt.Sprintf(`{"referralId":%q}`, uuid.NewString()), "not_found", "NOT_FOUND"},
		"a plan that is not, to a client": {"client", planSvc + "GetPlan", fmt.Sprintf(`{"planId":%q}`, uuid.NewString()), "not_found", "NOT_FOUND"},
		"a conversation by one call":      {"county", consultationSvc + "Converse", `{}`, "", ""},
	} {
		_, err := b.call(b.tokens[test.who], test.call, test.body)
		if test.code == "" {
			if err == nil {
				t.Errorf("%s is answered", name)
			}
			continue
		}
		b.refused(name, err, test.code, test.reason)
	}
	for _, service := range []string{"referral", "consultation", "plan"} {
		if heads, err := b.koppi.Store(service).Positions(t.Context()); err != nil || len(heads) != 0 {
			t.Errorf("%s has stored something: %v %v", service, heads, err)
		}
	}
}

// A worker can set only its own reachability, which holds until the given time and names a
// substitute.
func TestReachability(t *testing.T) {
	b := newBenchOf(t, allinone.Config{Clock: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)})
	nurse := map[string]any{"agency": "terveys-pohjois-savo", "unit": "terveysasema-kuopio", "worker": "tk-02"}
	unit := map[string]any{"agency": "terveys-pohjois-savo", "unit": "terveysasema-kuopio"}
	standIn := map[string]any{"agency": "terveys-pohjois-savo", "unit": "terveysasema-kuopio", "worker": "tk-03"}
	set := func(who string, reachability map[string]any) error {
		_, err := b.call(b.tokens[who], consultationSvc+"SetReachability", body(map[string]any{"reachability": reachability}, nil))
		return err
	}
	b.refused("of another agency's worker", set("kela", map[string]any{"party": nurse, "reachable": true}), "permission_denied", "ROLE_NOT_ALLOWED")
	b.refused("of a colleague", set("nurse", map[string]any{"party": standIn, "reachable": true}), "permission_denied", "ROLE_NOT_ALLOWED")
	b.refused("until yesterday", set("nurse", map[string]any{"party": nurse, "reachable": true, "until": "2026-11-22T10:00:00Z"}), "invalid_argument", "INVALID_FIELD")
	b.refused("of nobody", set("nurse", map[string]any{"party": map[string]any{"agency": "nobody"}}), "invalid_argument", "UNKNOWN_PARTY")
	b.refused("asked by the client", second(b.call(b.tokens["client"], consultationSvc+"GetReachability", `{}`)), "permission_denied", "ROLE_NOT_ALLOWED")

	type answer struct {
		Reachabilities []struct {
			Reachable  bool
			Substitute *struct{ Worker string }
			Until      string
		}
	}
	look := func() (now answer) {
		t.Helper()
		text, err := b.call(b.tokens["kela"], consultationSvc+"GetReachability", body(map[string]any{"parties": []any{nurse, unit}}, nil))
		if err != nil || json.Unmarshal(text, &now) != nil || len(now.Reachabilities) != 2 {
			t.Fatalf("%s: %v", text, err)
		}
		return now
	}
	advance := func(to string) {
		t.Helper()
		if _, err := b.call("", "koppi.dev.v1.DevService/AdvanceClock", fmt.Sprintf(`{"to":%q}`, to)); err != nil {
			t.Fatal(err)
		}
	}
	if now := look(); now.Reachabilities[0].Reachable || now.Reachabilities[1].Reachable {
		t.Errorf("who said nothing can be reached: %+v", now)
	}
	for _, err := range []error{
		set("nurse", map[string]any{"party": nurse, "reachable": false, "until": "2026-11-23T10:00:00Z", "substitute": standIn}),
		set("nurse", map[string]any{"party": unit, "reachable": true}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if now := look(); now.Reachabilities[0].Reachable || now.Reachabilities[0].Substitute.Worker != "tk-03" || !now.Reachabilities[1].Reachable || now.Reachabilities[1].Until != "2026-11-23T21:59:59Z" {
		t.Errorf("away, with a stand-in, and a unit until the end of the day: %+v", now)
	}
	advance("2026-11-23T10:00:01Z")
	if now := look(); now.Reachabilities[0].Reachable || now.Reachabilities[0].Substitute != nil || !now.Reachabilities[1].Reachable {
		t.Errorf("past the time of being away: %+v", now)
	}
	if err := set("nurse", map[string]any{"party": nurse, "reachable": true, "until": "2026-11-23T14:00:00Z", "substitute": standIn}); err != nil {
		t.Fatal(err)
	}
	advance("2026-11-24T10:00:00Z")
	if now := look(); now.Reachabilities[0].Reachable || now.Reachabilities[0].Substitute.Worker != "tk-03" || now.Reachabilities[1].Reachable {
		t.Errorf("past the time of being reachable: %+v", now)
	}
}

func second(_ []byte, err error) error { return err }

// The client reads its own matters page by page and none of others. A worker who is asked about a
// person by name can read who that is, and this access is logged.
func TestTheClientReadsItsOwn(t *testing.T) {
	b := newBench(t)
	other := b.token(scenario.CastParty{Role: "client", PersonalIdentityCode: "140391-9021"})
	var ids []string
	for range 3 {
		text, err := b.call(b.tokens["county"], referralSvc+"SendReferral", body(goodReferral(), nil))
		var sent struct{ Referral struct{ ReferralID string } }
		if err != nil || json.Unmarshal(text, &sent) != nil {
			t.Fatal(err)
		}
		ids = append(ids, sent.Referral.ReferralID)
	}
	type page struct {
		Referrals     []struct{ ReferralID, ClientID, Etag string }
		NextPageToken string
	}
	read := func(token, request string) (p page) {
		t.Helper()
		text, err := b.call(token, referralSvc+"ListReferrals", request)
		if err != nil || json.Unmarshal(text, &p) != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return p
	}
	first := read(b.tokens["client"], `{"pageSize":2}`)
	rest := read(b.tokens["client"], fmt.Sprintf(`{"pageSize":2,"pageToken":%q}`, first.NextPageToken))
	if len(first.Referrals) != 2 || len(rest.Referrals) != 1 || rest.NextPageToken != "" {
		t.Errorf("pages of %d and %d", len(first.Referrals), len(rest.Referrals))
	}
	b.refused("another's page", second(b.call(other, referralSvc+"ListReferrals", fmt.Sprintf(`{"pageSize":2,"pageToken":%q}`, first.NextPageToken))), "invalid_argument", "INVALID_PAGE_TOKEN")
	if found := read(other, `{}`); len(found.Referrals) != 0 {
		t.Errorf("another person reads %d", len(found.Referrals))
	}
	b.refused("another's matter", second(b.call(other, referralSvc+"GetReferral", fmt.Sprintf(`{"referralId":%q}`, ids[0]))), "not_found", "NOT_FOUND")
	b.refused("another's identity", second(b.call(other, referralSvc+"GetClient", fmt.Sprintf(`{"referralId":%q}`, ids[0]))), "not_found", "NOT_FOUND")
	text, err := b.call(b.tokens["client"], referralSvc+"GetClient", fmt.Sprintf(`{"referralId":%q}`, ids[0]))
	var who struct{ PersonalIdentityCode string }
	if err != nil || json.Unmarshal(text, &who) != nil || who.PersonalIdentityCode != "010594Y9032" {
		t.Errorf("one's own identity: %v", err)
	}
	before := read(b.tokens["client"], `{}`)
	if again := read(b.tokens["client"], `{}`); again.Referrals[0].Etag != before.Referrals[0].Etag || before.Referrals[0].Etag == "" {
		t.Error("the etag of what did not change has changed")
	}
	if _, err := b.call(b.tokens["nurse"], referralSvc+"ReceiveReferral", fmt.Sprintf(`{"requestId":%q,"referralId":%q}`, uuid.NewString(), before.Referrals[0].ReferralID)); err != nil {
		t.Fatal(err)
	}
	changed := read(b.tokens["client"], `{}`)
	for _, now := range changed.Referrals {
		if now.ReferralID == before.Referrals[0].ReferralID && now.Etag == before.Referrals[0].Etag {
			t.Error("the etag of what has changed is the same")
		}
	}
}
