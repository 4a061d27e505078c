package refusals

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
)

var anna = map[string]any{"personalIdentityCode": "010594Y9032", "language": "fi"}

func goodReferral() map[string]any {
	return map[string]any{
		"requestId": uuid.NewString(), "client": anna, "receiver": map[string]any{"agency": "terveys-pohjois-savo"}, "basis": testkit.ConsentBasis(),
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
	return map[string]any{"requestId": uuid.NewString(), "client": anna, "basis": testkit.ConsentBasis()}
}

// Invalid beginnings of referrals, consultations and plans are refused, each with its own status,
// reason and advice, and nothing is stored.
func TestBadBeginnings(t *testing.T) {
	f := testkit.NewFixture(t)
	send, ask, create := testkit.ReferralService+"SendReferral", testkit.ConsultationService+"OpenConsultation", testkit.PlanService+"CreatePlan"
	for name, test := range map[string]struct{ who, call, body, code, reason string }{
		"referral without a kind":         {"county", send, testkit.JSON(goodReferral(), map[string]any{"kind": nil}), "invalid_argument", "INVALID_FIELD"},
		"referral of no known kind":       {"county", send, testkit.JSON(goodReferral(), map[string]any{"kind": "REFERRAL_KIND_GIFT"}), "invalid_argument", "INVALID_FIELD"},
		"referral without a reason":       {"county", send, testkit.JSON(goodReferral(), map[string]any{"reason": nil}), "invalid_argument", "EXPLANATION_REQUIRED"},
		"referral without a ground":       {"county", send, testkit.JSON(goodReferral(), map[string]any{"basis": nil}), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"referral on notification":        {"county", send, testkit.JSON(goodReferral(), basis(map[string]any{"ground": "LEGAL_GROUND_STATUTORY_NOTIFICATION", "provision": "1301/2014 § 35.1"})), "invalid_argument", "GROUND_NOT_LAWFUL"},
		"referral with attachments":       {"county", send, testkit.JSON(goodReferral(), map[string]any{"attachmentIds": []string{uuid.NewString()}}), "invalid_argument", "ATTACHMENT_UNAVAILABLE"},
		"referral to nobody":              {"county", send, testkit.JSON(goodReferral(), map[string]any{"receiver": map[string]any{"agency": "nobody"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"referral to oneself":             {"county", send, testkit.JSON(goodReferral(), map[string]any{"receiver": map[string]any{"agency": "hva-pohjois-savo"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"referral with a code in it":      {"county", send, testkit.JSON(goodReferral(), map[string]any{"reason": "Puoliso 140391-9021."}), "invalid_argument", "CONTENT_NOT_ALLOWED"},
		"referral of a wrong code":        {"county", send, testkit.JSON(goodReferral(), map[string]any{"client": map[string]any{"personalIdentityCode": "140391-902A"}}), "invalid_argument", "INVALID_IDENTITY_CODE"},
		"referral by the client":          {"client", send, testkit.JSON(goodReferral(), nil), "permission_denied", "ROLE_NOT_ALLOWED"},
		"question that asks nothing":      {"county", ask, testkit.JSON(goodQuestion(), map[string]any{"question": nil}), "invalid_argument", "INVALID_FIELD"},
		"question about somebody unsaid":  {"county", ask, testkit.JSON(goodQuestion(), map[string]any{"client": anna}), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"question about nobody, consent":  {"county", ask, testkit.JSON(goodQuestion(), basis(testkit.ConsentBasis())), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"question by an operator":         {"operator", ask, testkit.JSON(goodQuestion(), nil), "permission_denied", "ROLE_NOT_ALLOWED"},
		"plan without a client":           {"county", create, testkit.JSON(goodPlan(), map[string]any{"client": nil}), "invalid_argument", "INVALID_FIELD"},
		"plan by a system in no name":     {"system", create, testkit.JSON(goodPlan(), nil), "permission_denied", "ROLE_NOT_ALLOWED"},
		"special support by a nurse":      {"nurse", create, testkit.JSON(goodPlan(), map[string]any{"specialSupport": true}), "permission_denied", "PROFESSION_NOT_ALLOWED"},
		"plan of another's worker":        {"county", create, testkit.JSON(goodPlan(), map[string]any{"responsible": map[string]any{"agency": "kela", "unit": "toimeentulotuki", "worker": "kela-17"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"plan in a case that is not":      {"county", create, testkit.JSON(goodPlan(), map[string]any{"caseId": "abc"}), "invalid_argument", "INVALID_FIELD"},
		"list of another's, by a client":  {"client", testkit.PlanService + "ListPlans", `{"worker":"ps-21"}`, "invalid_argument", "INVALID_FIELD"},
		"list, by an operator":            {"operator", testkit.ReferralService + "ListReferrals", `{}`, "permission_denied", "ROLE_NOT_ALLOWED"},
		"a referral that is not":          {"county", testkit.ReferralService + "GetReferral", fmt.Sprintf(`{"referralId":%q}`, uuid.NewString()), "not_found", "NOT_FOUND"},
		"a plan that is not, to a client": {"client", testkit.PlanService + "GetPlan", fmt.Sprintf(`{"planId":%q}`, uuid.NewString()), "not_found", "NOT_FOUND"},
		"a conversation by one call":      {"county", testkit.ConsultationService + "Converse", `{}`, "", ""},
	} {
		_, err := f.Call(f.Tokens[test.who], test.call, test.body)
		if test.code == "" {
			if err == nil {
				t.Errorf("%s is answered", name)
			}
			continue
		}
		f.CheckRefusal(name, err, test.code, test.reason)
	}
	for _, service := range suite.Names() {
		if heads, err := f.Koppi.Store(service).Positions(t.Context()); err != nil || len(heads) != 0 {
			t.Errorf("%s has stored something: %v %v", service, heads, err)
		}
	}
}

// A worker can set only its own reachability, which holds until the given time and names a
// substitute.
func TestReachability(t *testing.T) {
	f := testkit.NewFixtureWith(t, allinone.Config{Clock: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)})
	nurse := map[string]any{"agency": "terveys-pohjois-savo", "unit": "terveysasema-kuopio", "worker": "tk-02"}
	unit := map[string]any{"agency": "terveys-pohjois-savo", "unit": "terveysasema-kuopio"}
	substitute := map[string]any{"agency": "terveys-pohjois-savo", "unit": "terveysasema-kuopio", "worker": "tk-03"}
	set := func(who string, reachability map[string]any) error {
		_, err := f.Call(f.Tokens[who], testkit.ConsultationService+"SetReachability", testkit.JSON(map[string]any{"reachability": reachability}, nil))
		return err
	}
	f.CheckRefusal("of another agency's worker", set("kela", map[string]any{"party": nurse, "reachable": true}), "permission_denied", "ROLE_NOT_ALLOWED")
	f.CheckRefusal("of a colleague", set("nurse", map[string]any{"party": substitute, "reachable": true}), "permission_denied", "ROLE_NOT_ALLOWED")
	f.CheckRefusal("until yesterday", set("nurse", map[string]any{"party": nurse, "reachable": true, "until": "2026-11-22T10:00:00Z"}), "invalid_argument", "INVALID_FIELD")
	f.CheckRefusal("of nobody", set("nurse", map[string]any{"party": map[string]any{"agency": "nobody"}}), "invalid_argument", "UNKNOWN_PARTY")
	f.CheckRefusal("asked by the client", second(f.Call(f.Tokens["client"], testkit.ConsultationService+"GetReachability", `{}`)), "permission_denied", "ROLE_NOT_ALLOWED")

	type answer struct {
		Reachabilities []struct {
			Reachable  bool
			Substitute *struct{ Worker string }
			Until      string
		}
	}
	read := func() (now answer) {
		t.Helper()
		text, err := f.Call(f.Tokens["kela"], testkit.ConsultationService+"GetReachability", testkit.JSON(map[string]any{"parties": []any{nurse, unit}}, nil))
		if err != nil || json.Unmarshal(text, &now) != nil || len(now.Reachabilities) != 2 {
			t.Fatalf("%s: %v", text, err)
		}
		return now
	}
	advance := func(to string) {
		t.Helper()
		if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", fmt.Sprintf(`{"to":%q}`, to)); err != nil {
			t.Fatal(err)
		}
	}
	if now := read(); now.Reachabilities[0].Reachable || now.Reachabilities[1].Reachable {
		t.Errorf("who said nothing can be reached: %+v", now)
	}
	for _, err := range []error{
		set("nurse", map[string]any{"party": nurse, "reachable": false, "until": "2026-11-23T10:00:00Z", "substitute": substitute}),
		set("nurse", map[string]any{"party": unit, "reachable": true}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if now := read(); now.Reachabilities[0].Reachable || now.Reachabilities[0].Substitute.Worker != "tk-03" || !now.Reachabilities[1].Reachable || now.Reachabilities[1].Until != "2026-11-23T21:59:59Z" {
		t.Errorf("away, with a stand-in, and a unit until the end of the day: %+v", now)
	}
	advance("2026-11-23T10:00:01Z")
	if now := read(); now.Reachabilities[0].Reachable || now.Reachabilities[0].Substitute != nil || !now.Reachabilities[1].Reachable {
		t.Errorf("past the time of being away: %+v", now)
	}
	if err := set("nurse", map[string]any{"party": nurse, "reachable": true, "until": "2026-11-23T14:00:00Z", "substitute": substitute}); err != nil {
		t.Fatal(err)
	}
	advance("2026-11-24T10:00:00Z")
	if now := read(); now.Reachabilities[0].Reachable || now.Reachabilities[0].Substitute.Worker != "tk-03" || now.Reachabilities[1].Reachable {
		t.Errorf("past the time of being reachable: %+v", now)
	}
}

func second(_ []byte, err error) error { return err }

// The client reads its own matters page by page and none of others. A worker who is asked about a
// person by name can read who that is, and this access is logged.
func TestTheClientReadsItsOwn(t *testing.T) {
	f := testkit.NewFixture(t)
	other := f.Token(scenario.CastParty{Role: "client", PersonalIdentityCode: "140391-9021"})
	var ids []string
	for range 3 {
		text, err := f.Call(f.Tokens["county"], testkit.ReferralService+"SendReferral", testkit.JSON(goodReferral(), nil))
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
		text, err := f.Call(token, testkit.ReferralService+"ListReferrals", request)
		if err != nil || json.Unmarshal(text, &p) != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return p
	}
	first := read(f.Tokens["client"], `{"pageSize":2}`)
	rest := read(f.Tokens["client"], fmt.Sprintf(`{"pageSize":2,"pageToken":%q}`, first.NextPageToken))
	if len(first.Referrals) != 2 || len(rest.Referrals) != 1 || rest.NextPageToken != "" {
		t.Errorf("pages of %d and %d", len(first.Referrals), len(rest.Referrals))
	}
	f.CheckRefusal("another's page", second(f.Call(other, testkit.ReferralService+"ListReferrals", fmt.Sprintf(`{"pageSize":2,"pageToken":%q}`, first.NextPageToken))), "invalid_argument", "INVALID_PAGE_TOKEN")
	if found := read(other, `{}`); len(found.Referrals) != 0 {
		t.Errorf("another person reads %d", len(found.Referrals))
	}
	f.CheckRefusal("another's matter", second(f.Call(other, testkit.ReferralService+"GetReferral", fmt.Sprintf(`{"referralId":%q}`, ids[0]))), "not_found", "NOT_FOUND")
	f.CheckRefusal("another's identity", second(f.Call(other, testkit.ReferralService+"GetClient", fmt.Sprintf(`{"referralId":%q}`, ids[0]))), "not_found", "NOT_FOUND")
	text, err := f.Call(f.Tokens["client"], testkit.ReferralService+"GetClient", fmt.Sprintf(`{"referralId":%q}`, ids[0]))
	var who struct{ PersonalIdentityCode string }
	if err != nil || json.Unmarshal(text, &who) != nil || who.PersonalIdentityCode != "010594Y9032" {
		t.Errorf("one's own identity: %v", err)
	}
	before := read(f.Tokens["client"], `{}`)
	if again := read(f.Tokens["client"], `{}`); again.Referrals[0].Etag != before.Referrals[0].Etag || before.Referrals[0].Etag == "" {
		t.Error("the etag of what did not change has changed")
	}
	if _, err := f.Call(f.Tokens["nurse"], testkit.ReferralService+"ReceiveReferral", fmt.Sprintf(`{"requestId":%q,"referralId":%q}`, uuid.NewString(), before.Referrals[0].ReferralID)); err != nil {
		t.Fatal(err)
	}
	changed := read(f.Tokens["client"], `{}`)
	for _, now := range changed.Referrals {
		if now.ReferralID == before.Referrals[0].ReferralID && now.Etag == before.Referrals[0].Etag {
			t.Error("the etag of what has changed is the same")
		}
	}
}
