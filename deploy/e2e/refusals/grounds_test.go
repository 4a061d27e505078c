package refusals

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/ground"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// lawful is an instance with two agencies of each kind that a row lets send to its own kind.
type lawful struct {
	*testkit.Fixture
	table *ground.Table
}

// senders are workers of each kind of agency; receivers are other agencies of each kind.
var (
	senders = map[string]scenario.CastParty{
		"BENEFITS":        {Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler"},
		"SOCIAL_SERVICES": {Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21", Role: "social_worker"},
		"HEALTH_CARE":     {Agency: "terveys-pohjois-savo", Unit: "terveysasema-kuopio", Worker: "tk-02", Role: "health_professional"},
		"YOUTH_WORK":      {Agency: "etsiva-kuopio", Unit: "etsiva", Worker: "en-03", Role: "youth_worker"},
		"EMPLOYMENT":      {Agency: "tyollisyys-kuopio", Unit: "tyollisyys", Worker: "ty-01", Role: "employment_officer"},
	}
	receivers = map[string]string{
		"BENEFITS": "toinen-benefits", "SOCIAL_SERVICES": "toinen-social-services", "HEALTH_CARE": "toinen-health-care",
		"YOUTH_WORK": "toinen-youth-work", "EMPLOYMENT": "toinen-employment",
	}
)

func newLawful(t *testing.T) *lawful { return newLawfulBy(t, nil) }

// newLawfulBy is newLawful by the grounds of a file.
func newLawfulBy(t *testing.T, grounds *ground.File) *lawful {
	t.Helper()
	var file struct {
		Agencies []map[string]any `json:"agencies"`
	}
	if err := json.Unmarshal(config.Directory, &file); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"fi": "Toinen", "sv": "Andra", "en": "Other"}
	for kind, agency := range receivers {
		file.Agencies = append(file.Agencies, map[string]any{
			"agency": agency, "kind": kind, "names": names, "noConsentProfile": "NECESSARY",
			"units": []any{map[string]any{"unit": "yksikko", "names": names, "languages": []string{"fi"}}},
		})
	}
	f := testkit.NewFixtureWith(t, allinone.Config{Directory: testkit.Must(directory.Parse(testkit.Must(json.Marshal(file)))), Grounds: grounds})
	for kind, party := range senders {
		f.Tokens[kind] = f.Token(party)
	}
	return &lawful{f, testkit.Must(ground.Parse(ground.BuiltIn))}
}

// cell is one sender, receiver and message.
type cell struct{ sender, receiver, message string }

func (c cell) use() ground.Use {
	use := ground.Use{Sender: ground.KindOf(c.sender), Message: c.message, At: time.Now()}
	if c.message != ground.Plan {
		use.Receiver = ground.KindOf(c.receiver)
	}
	return use
}

// cells are all that can begin: an invitation needs a matter first.
func cells() []cell {
	var all []cell
	for _, message := range ground.Messages() {
		if strings.HasSuffix(message, "/invitation") {
			continue
		}
		for _, sender := range slices.Sorted(maps.Keys(senders)) {
			for _, receiver := range slices.Sorted(maps.Keys(receivers)) {
				all = append(all, cell{sender, receiver, message})
			}
		}
	}
	return all
}

// send sends a message on a row, with all that the row asks for and no more than it allows. It returns the
// basis that is recorded.
func (l *lawful) send(row ground.Row, c cell) (map[string]any, error) {
	begun, _, err := l.begin(row, c)
	recorded, _ := begun["basis"].(map[string]any)
	return recorded, err
}

// begin does the same, and returns the matter and which kind it is, such as "concern".
func (l *lawful) begin(row ground.Row, c cell) (begun map[string]any, answered string, err error) {
	basis := map[string]any{"groundKey": row.Key}
	if row.Ground == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT {
		basis["consentedAt"] = "2026-01-01T10:00:00Z"
	}
	attested := map[string]any{}
	for _, group := range row.Attest {
		attested[group[0]] = true
	}
	if len(attested) > 0 {
		basis["attestation"] = attested
	}
	request := map[string]any{"requestId": uuid.NewString(), "basis": basis}
	if row.Ground != commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA || c.message != ground.Consultation {
		request["client"] = map[string]any{"language": "fi", "details": map[string]any{"familyName": "Testinen", "birthDate": "2012-05-05"}}
	}
	receiver, call := map[string]any{"agency": receivers[c.receiver]}, ""
	switch service, kind, _ := strings.Cut(c.message, "/"); service {
	case "concern":
		call, answered = testkit.SubmitCall, "concern"
		request["receiver"], request["urgency"] = receiver, "URGENCY_NORMAL"
		if row.Content >= ground.Topics {
			request["topics"] = []string{"TOPIC_OTHER"}
		}
	case "referral":
		call, answered = testkit.ReferralService+"SendReferral", "referral"
		request["receiver"], request["kind"], request["reason"], request["urgency"] = receiver, kind, "Syy.", "URGENCY_NORMAL"
	case "consultation":
		call, answered = testkit.ConsultationService+"OpenConsultation", "consultation"
		request["addressee"], request["topic"], request["question"], request["urgency"] = receiver, "Aihe", "Mitä?", "URGENCY_NORMAL"
	default:
		call, answered = testkit.PlanService+"CreatePlan", "plan"
	}
	body, err := l.Call(l.Tokens[c.sender], call, testkit.JSON(request, nil))
	if err != nil {
		return nil, answered, err
	}
	var response map[string]map[string]any
	err = json.Unmarshal(body, &response)
	return response[answered], answered, err
}

// Each row of the built-in table lets one message through, which records the row, and refuses one that
// it does not allow.
func TestEachGroundAllowsAndRefuses(t *testing.T) {
	l := newLawful(t)
	for _, row := range l.table.Rows() {
		t.Run(row.Key, func(t *testing.T) {
			allowed, refused := false, false
			for _, c := range cells() {
				keys := l.keys(c)
				switch isLawful := slices.Contains(keys, row.Key); {
				case isLawful && !allowed:
					allowed = true
					l.checkAllowed(t, row, c)
				case !isLawful && !refused:
					refused = true
					l.checkRefused(t, row, c, keys)
				}
			}
			if !allowed || !refused {
				t.Errorf("lawful somewhere: %v, unlawful somewhere: %v", allowed, refused)
			}
		})
	}
}

func (l *lawful) keys(c cell) []string {
	var keys []string
	for _, row := range l.table.Lawful(c.use()) {
		keys = append(keys, row.Key)
	}
	return keys
}

func (l *lawful) checkAllowed(t *testing.T, row ground.Row, c cell) {
	t.Helper()
	recorded, err := l.send(row, c)
	if err != nil {
		t.Errorf("%v: %v", c, err)
		return
	}
	terms, _ := recorded["terms"].(map[string]any)
	if recorded["groundKey"] != row.Key || recorded["ground"] != row.Ground.String() || recorded["provision"] != row.Provision ||
		terms["prohibition"] != row.Prohibition.String() || terms["content"] == nil || terms["reviewed"] != nil {
		t.Errorf("%v is recorded with %v", c, recorded)
	}
}

func (l *lawful) checkRefused(t *testing.T, row ground.Row, c cell, keys []string) {
	t.Helper()
	_, err := l.send(row, c)
	l.CheckRefusal(fmt.Sprintf("%s, %v", row.Key, c), err, "invalid_argument", "GROUND_NOT_LAWFUL")
	var refusal *scenario.Refusal
	if errors.As(err, &refusal) && refusal.Metadata["lawful"] != strings.Join(keys, ", ") {
		t.Errorf("%v: lawful are %q, want %v", c, refusal.Metadata["lawful"], keys)
	}
}

// ListGrounds offers what is then allowed: every cell of the table.
func TestListGroundsIsTheTable(t *testing.T) {
	l := newLawful(t)
	for _, c := range cells() {
		keys := l.offered(t, c)
		if want := l.keys(c); !slices.Equal(keys, want) {
			t.Errorf("%v: %v, want %v", c, keys, want)
		}
	}
	_, err := l.Call(l.Tokens["BENEFITS"], "koppi.casework.v1.CaseworkService/ListGrounds", `{"message": "letter"}`)
	l.CheckRefusal("an unknown message", err, "invalid_argument", "INVALID_FIELD")
	_, err = l.Call(l.Tokens["BENEFITS"], "koppi.casework.v1.CaseworkService/ListGrounds", `{"message": "concern", "receiver": {"agency": "no-such"}}`)
	l.CheckRefusal("an unknown receiver", err, "invalid_argument", "UNKNOWN_PARTY")
	_, err = l.Call(l.Tokens["client"], "koppi.casework.v1.CaseworkService/ListGrounds", `{"message": "plan"}`)
	l.CheckRefusal("a client", err, "permission_denied", "ROLE_NOT_ALLOWED")
}

// offered returns the keys that ListGrounds offers to the sender.
func (l *lawful) offered(t *testing.T, c cell) (keys []string) {
	t.Helper()
	request := map[string]any{"message": c.message}
	if c.message != ground.Plan {
		request["receiver"] = map[string]any{"agency": receivers[c.receiver]}
	}
	var listed struct{ Grounds []struct{ Key string } }
	body := testkit.Must(l.Call(l.Tokens[c.sender], "koppi.casework.v1.CaseworkService/ListGrounds", testkit.JSON(request, nil)))
	if err := json.Unmarshal(body, &listed); err != nil {
		t.Fatal(err)
	}
	for _, one := range listed.Grounds {
		keys = append(keys, one.Key)
	}
	return keys
}

// What a request says of its ground beside the key is checked against the row.
func TestGroundKeysAreChecked(t *testing.T) {
	f := testkit.NewFixture(t)
	attested := map[string]any{"consentUnobtainable": true, "evidentlyUnableToCareForSelf": true}
	for name, test := range map[string]struct {
		basis  map[string]any
		reason string
	}{
		"another ground":            {map[string]any{"groundKey": "shl-35-2", "ground": "LEGAL_GROUND_STATUTORY_ACCESS", "attestation": attested}, "INVALID_FIELD"},
		"another provision":         {map[string]any{"groundKey": "shl-35-2", "provision": "417/2007 § 25", "attestation": attested}, "INVALID_FIELD"},
		"a consent":                 {map[string]any{"groundKey": "shl-35-2", "consentedAt": "2026-01-01T10:00:00Z", "attestation": attested}, "INVALID_FIELD"},
		"terms":                     {map[string]any{"groundKey": "shl-35-2", "attestation": attested, "terms": map[string]any{"reviewed": true}}, "INVALID_FIELD"},
		"an attestation too many":   {map[string]any{"groundKey": "shl-35-1", "consentedAt": "2026-01-01T10:00:00Z", "attestation": attested}, "INVALID_FIELD"},
		"one of two attestations":   {map[string]any{"groundKey": "shl-35-2", "attestation": map[string]any{"consentUnobtainable": true}}, "ATTESTATION_REQUIRED"},
		"an unknown key":            {map[string]any{"groundKey": "shl-35-9"}, "GROUND_UNKNOWN"},
		"a key for other receivers": {map[string]any{"groundKey": "nl-11-4", "attestation": map[string]any{"needsSupportWithoutDelay": true}}, "GROUND_NOT_LAWFUL"},
		"no time of the consent":    {map[string]any{"groundKey": "shl-35-1"}, "LEGAL_BASIS_REQUIRED"},
	} {
		_, err := f.Call(f.Tokens["kela"], testkit.SubmitCall, testkit.Report(map[string]any{"basis": test.basis}))
		f.CheckRefusal(name, err, "invalid_argument", test.reason)
	}
	_, err := f.Call(f.Tokens["system"], testkit.SubmitCall, testkit.Report(map[string]any{"basis": map[string]any{"groundKey": "shl-35-2", "attestation": attested}}))
	f.CheckRefusal("a system attests", err, "permission_denied", "NAMED_WORKER_REQUIRED")
}

// A ground that ends on a day is offered and accepted until that day begins in Helsinki, without a
// release; what was sent on it keeps its basis.
func TestAGroundEndsOnItsDay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grounds.json")
	ended := bytes.Replace(ground.BuiltIn, []byte(`"key": "shl-35-2",`), []byte(`"key": "shl-35-2", "until": "2026-12-01",`), 1)
	if err := os.WriteFile(path, ended, 0o600); err != nil {
		t.Fatal(err)
	}
	f := testkit.NewFixtureWith(t, allinone.Config{
		Clock: time.Date(2026, 11, 30, 21, 59, 0, 0, time.UTC), Grounds: testkit.Must(ground.Open(path)),
	})
	basis := map[string]any{"groundKey": "shl-35-2", "attestation": map[string]any{"consentUnobtainable": true, "interestOfChild": true}}
	send := func() (string, error) {
		body, err := f.Call(f.Tokens["kela"], testkit.SubmitCall, testkit.Report(map[string]any{"basis": basis}))
		return string(body), err
	}
	offered := func() string {
		return string(testkit.Must(f.Call(f.Tokens["kela"], "koppi.casework.v1.CaseworkService/ListGrounds",
			`{"message": "concern", "receiver": {"agency": "hva-pohjois-savo"}}`)))
	}
	sent, err := send()
	if err != nil || !strings.Contains(offered(), `"shl-35-2"`) {
		t.Fatalf("on the day before: %v, %s", err, offered())
	}
	var submitted struct {
		Concern struct{ ConcernID, Basis json.RawMessage }
	}
	if err := json.Unmarshal([]byte(sent), &submitted); err != nil {
		t.Fatal(err)
	}
	testkit.Must(f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"to": "2026-11-30T22:00:00Z"}`))
	_, err = send()
	f.CheckRefusal("on the day", err, "invalid_argument", "GROUND_UNKNOWN")
	if strings.Contains(offered(), `"shl-35-2"`) {
		t.Error("the ended ground is offered")
	}
	var read struct {
		Concern struct{ Basis json.RawMessage }
	}
	body := testkit.Must(f.Call(f.Tokens["kela"], testkit.ConcernService+"GetConcern", `{"concernId": `+string(submitted.Concern.ConcernID)+`}`))
	if err := json.Unmarshal(body, &read); err != nil || !bytes.Equal(read.Concern.Basis, submitted.Concern.Basis) {
		t.Errorf("the basis was %s and is %s: %v", submitted.Concern.Basis, read.Concern.Basis, err)
	}
}

// A duty passes a prohibition: the message is sent, and the client alone reads that it was. What is no
// duty is stopped.
func TestADutyPassesAProhibition(t *testing.T) {
	f := testkit.NewFixture(t)
	testkit.Must(f.Call(f.Tokens["client"], "koppi.consent.v1.ConsentService/ProhibitTransfer", testkit.JSON(map[string]any{
		"requestId": uuid.NewString(), "recipient": map[string]any{"agency": "hva-pohjois-savo"},
	}, nil)))
	consented := map[string]any{"groundKey": "shl-35-1", "consentedAt": "2026-01-01T10:00:00Z"}
	_, err := f.Call(f.Tokens["kela"], testkit.SubmitCall, testkit.Report(map[string]any{"basis": consented}))
	f.CheckRefusal("on consent", err, "failed_precondition", "TRANSFER_PROHIBITED")
	duty := map[string]any{"groundKey": "shl-35-2", "attestation": map[string]any{"consentUnobtainable": true, "interestOfChild": true}}
	var submitted struct{ Concern struct{ ClientID string } }
	for range 2 {
		if err := json.Unmarshal(testkit.Must(f.Call(f.Tokens["kela"], testkit.SubmitCall, testkit.Report(map[string]any{"basis": duty}))), &submitted); err != nil {
			t.Fatal(err)
		}
	}
	type sending struct {
		Sent                           bool
		GroundKey, Provision, Receiver string
	}
	wishes := func(who, request string) (all []sending) {
		var read struct{ Wishes struct{ Blocked []sending } }
		body := testkit.Must(f.Call(f.Tokens[who], "koppi.consent.v1.ConsentService/ListWishes", request))
		if err := json.Unmarshal(body, &read); err != nil {
			t.Fatal(err)
		}
		return read.Wishes.Blocked
	}
	seen := wishes("client", `{}`)
	passed := slices.DeleteFunc(slices.Clone(seen), func(one sending) bool { return !one.Sent })
	if want := (sending{true, "shl-35-2", "1301/2014 § 35.2", "hva-pohjois-savo"}); len(seen) != 2 || len(passed) != 1 || passed[0] != want {
		t.Errorf("the client reads %v", seen)
	}
	if own := wishes("kela", testkit.JSON(map[string]any{"clientId": submitted.Concern.ClientID, "purpose": "Asian hoito."}, nil)); len(own) != 1 || own[0].Sent {
		t.Errorf("the sender reads %v", own)
	}
}
