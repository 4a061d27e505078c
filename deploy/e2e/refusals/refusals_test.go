package refusals

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/identity"
)

func basis(fields map[string]any) map[string]any { return map[string]any{"basis": fields} }

// Invalid reports are refused, each with its own status and reason; nothing is stored, and the
// refusal quotes nothing of the report.
func TestBadReports(t *testing.T) {
	f := testkit.NewFixture(t)
	young := map[string]any{"personalIdentityCode": "070900A905Y", "language": "fi"}
	attested := map[string]any{"ground": "LEGAL_GROUND_STATUTORY_NOTIFICATION", "provision": "1301/2014 § 35.2", "attestation": map[string]any{"consentUnobtainable": true, "interestOfChild": true}}
	for name, test := range map[string]struct {
		body, code, reason string
	}{
		"malformed JSON":     {`{"requestId": "salainen`, "invalid_argument", "INVALID_FIELD"},
		"no object":          {`[]`, "invalid_argument", "INVALID_FIELD"},
		"unknown field":      {testkit.Report(map[string]any{"selite": "salainen"}), "invalid_argument", "INVALID_FIELD"},
		"wrong type":         {testkit.Report(map[string]any{"urgency": map[string]any{}}), "invalid_argument", "INVALID_FIELD"},
		"no request_id":      {testkit.Report(map[string]any{"requestId": nil}), "invalid_argument", "INVALID_FIELD"},
		"bad request_id":     {testkit.Report(map[string]any{"requestId": "salainen"}), "invalid_argument", "INVALID_FIELD"},
		"too long":           {testkit.Report(map[string]any{"description": strings.Repeat("salainen", 2000)}), "invalid_argument", "INVALID_FIELD"},
		"NUL":                {testkit.Report(map[string]any{"description": "a\x00b"}), "invalid_argument", "INVALID_FIELD"},
		"no urgency":         {testkit.Report(map[string]any{"urgency": nil}), "invalid_argument", "INVALID_FIELD"},
		"unknown urgency":    {testkit.Report(map[string]any{"urgency": 77}), "invalid_argument", "INVALID_FIELD"},
		"topic twice":        {testkit.Report(map[string]any{"topics": []string{"TOPIC_OTHER", "TOPIC_OTHER"}}), "invalid_argument", "INVALID_FIELD"},
		"nobody":             {testkit.Report(map[string]any{"client": nil}), "invalid_argument", "INVALID_FIELD"},
		"nobody named":       {testkit.Report(map[string]any{"client": map[string]any{"language": "fi"}}), "invalid_argument", "INVALID_FIELD"},
		"check character":    {testkit.Report(map[string]any{"client": map[string]any{"personalIdentityCode": "140391-902A"}}), "invalid_argument", "INVALID_IDENTITY_CODE"},
		"date":               {testkit.Report(map[string]any{"client": map[string]any{"personalIdentityCode": "310299-9001"}}), "invalid_argument", "INVALID_IDENTITY_CODE"},
		"sign":               {testkit.Report(map[string]any{"client": map[string]any{"personalIdentityCode": "010190Z900P"}}), "invalid_argument", "INVALID_IDENTITY_CODE"},
		"unknown client":     {testkit.Report(map[string]any{"client": map[string]any{"clientId": "salainen"}}), "invalid_argument", "UNKNOWN_CLIENT"},
		"unknown agency":     {testkit.Report(map[string]any{"receiver": map[string]any{"agency": "salainen"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"unknown unit":       {testkit.Report(map[string]any{"receiver": map[string]any{"agency": "hva-pohjois-savo", "unit": "salainen"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"own agency":         {testkit.Report(map[string]any{"receiver": map[string]any{"agency": "kela"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"no ground":          {testkit.Report(map[string]any{"basis": nil}), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"no provision":       {testkit.Report(basis(map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "consentedAt": "2026-01-01T10:00:00Z"})), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"no time of consent": {testkit.Report(basis(map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "1301/2014 § 35.1"})), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"consent to come":    {testkit.Report(basis(map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "1301/2014 § 35.1", "consentedAt": "2126-01-01T10:00:00Z"})), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"statutory access":   {testkit.Report(basis(map[string]any{"ground": "LEGAL_GROUND_STATUTORY_ACCESS", "provision": "1301/2014 § 35.1"})), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"no attestation":     {testkit.Report(basis(map[string]any{"ground": "LEGAL_GROUND_STATUTORY_NOTIFICATION", "provision": "1301/2014 § 35.1"})), "invalid_argument", "ATTESTATION_REQUIRED"},
		"half attestation":   {testkit.Report(basis(map[string]any{"ground": "LEGAL_GROUND_STATUTORY_NOTIFICATION", "provision": "1301/2014 § 35.1", "attestation": map[string]any{"consentUnobtainable": true}})), "invalid_argument", "ATTESTATION_REQUIRED"},
		"no topics":          {testkit.Report(map[string]any{"topics": nil}), "invalid_argument", "TOPIC_REQUIRED"},
		"described without":  {testkit.Report(map[string]any{"basis": attested, "description": "salainen"}), "invalid_argument", "CONTENT_NOT_ALLOWED"},
		"topics to youth":    {testkit.Report(map[string]any{"basis": attested, "receiver": map[string]any{"agency": "etsiva-kuopio"}, "client": young}), "invalid_argument", "CONTENT_NOT_ALLOWED"},
		"too old for youth":  {testkit.Report(map[string]any{"basis": attested, "receiver": map[string]any{"agency": "etsiva-kuopio"}}), "invalid_argument", "CLIENT_AGE"},
		"code in text":       {testkit.Report(map[string]any{"description": "salainen 140391 – 9021"}), "invalid_argument", "CONTENT_NOT_ALLOWED"},
		"attachments":        {testkit.Report(map[string]any{"attachmentIds": []string{uuid.NewString()}}), "invalid_argument", "ATTACHMENT_UNAVAILABLE"},
		"unknown case":       {testkit.Report(map[string]any{"caseId": "salainen"}), "invalid_argument", "INVALID_FIELD"},
		// Two faults: the first in the order of checks answers.
		"form before content": {testkit.Report(map[string]any{"basis": nil, "description": strings.Repeat("x", 10001)}), "invalid_argument", "INVALID_FIELD"},
		"party before ground": {testkit.Report(map[string]any{"basis": nil, "receiver": map[string]any{"agency": "salainen"}}), "invalid_argument", "UNKNOWN_PARTY"},
	} {
		_, err := f.Call(f.Tokens["kela"], testkit.SubmitCall, test.body)
		f.CheckRefusal(name, err, test.code, test.reason)
	}
	if heads, err := f.Koppi.Store("concern").Positions(t.Context()); err != nil || len(heads) != 0 {
		t.Errorf("something was stored: %v %v", heads, err)
	}
}

func TestBadTokens(t *testing.T) {
	f := testkit.NewFixture(t)
	foreign, err := identity.OpenDevIssuer(t.TempDir(), dev.IssuerName)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := identity.OpenDevIssuer(t.TempDir(), "https://elsewhere.test")
	if err != nil {
		t.Fatal(err)
	}
	worker := identity.Caller{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: identity.RoleBenefitHandler}
	signed := func(issuer *identity.Issuer) string {
		token, err := issuer.Issue(worker, time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	none := part(`{"alg":"none"}`) + "." + part(`{"iss":"`+dev.IssuerName+`","aud":"koppi","exp":4000000000,"sub":"x","koppi_agency":"kela","koppi_role":"system"}`) + "."
	for name, test := range map[string]struct{ token, reason string }{
		"missing": {"", "TOKEN_REQUIRED"}, "foreign-signed": {signed(foreign), "TOKEN_INVALID"},
		"wrong issuer": {signed(stranger), "TOKEN_INVALID"}, "alg none": {none, "TOKEN_INVALID"}, "garbage": {"salainen", "TOKEN_INVALID"},
	} {
		// The token is checked before anything else is.
		_, err := f.Call(test.token, testkit.SubmitCall, testkit.Report(map[string]any{"requestId": "salainen"}))
		f.CheckRefusal(name, err, "unauthenticated", test.reason)
	}
}

func TestBadSteps(t *testing.T) {
	f := testkit.NewFixture(t)
	first := testkit.Report(nil)
	answer, err := f.Call(f.Tokens["kela"], testkit.SubmitCall, first)
	if err != nil {
		t.Fatal(err)
	}
	var submitted struct {
		Concern struct{ ConcernID, Etag string }
	}
	if err := json.Unmarshal(answer, &submitted); err != nil {
		t.Fatal(err)
	}
	id := submitted.Concern.ConcernID
	step := func(fields string) string {
		return fmt.Sprintf(`{"requestId":%q,"concernId":%q%s}`, uuid.NewString(), id, fields)
	}
	if again, err := f.Call(f.Tokens["kela"], testkit.SubmitCall, first); err != nil || string(again) != string(answer) {
		t.Errorf("the same request_id has another answer:\n%s\n%s", again, answer)
	}
	other := strings.Replace(first, "URGENCY_NORMAL", "URGENCY_URGENT", 1)
	unknown := fmt.Sprintf(`{"concernId":%q}`, uuid.NewString())
	for name, test := range map[string]struct{ who, call, body, code, reason string }{
		"reused request_id":         {"kela", testkit.SubmitCall, other, "already_exists", "REQUEST_ID_REUSED"},
		"foreign subject":           {"nurse", testkit.ConcernService + "GetConcern", fmt.Sprintf(`{"concernId":%q}`, id), "not_found", "NOT_FOUND"},
		"no subject":                {"nurse", testkit.ConcernService + "GetConcern", unknown, "not_found", "NOT_FOUND"},
		"client steps":              {"client", testkit.ConcernService + "TakeConcern", step(""), "permission_denied", "ROLE_NOT_ALLOWED"},
		"client reports":            {"client", testkit.SubmitCall, testkit.Report(nil), "permission_denied", "ROLE_NOT_ALLOWED"},
		"reporter takes":            {"kela", testkit.ConcernService + "TakeConcern", step(""), "permission_denied", "ROLE_NOT_ALLOWED"},
		"system without worker":     {"system", testkit.ConcernService + "TakeConcern", step(""), "permission_denied", "ROLE_NOT_ALLOWED"},
		"out of order":              {"county", testkit.ConcernService + "StartAssessment", step(""), "failed_precondition", "ILLEGAL_STEP"},
		"stale":                     {"county", testkit.ConcernService + "ReceiveConcern", step(`,"etag":"old"`), "aborted", "STALE_ETAG"},
		"role before etag":          {"kela", testkit.ConcernService + "TakeConcern", step(`,"etag":"old"`), "permission_denied", "ROLE_NOT_ALLOWED"},
		"etag before table":         {"county", testkit.ConcernService + "StartAssessment", step(`,"etag":"old"`), "aborted", "STALE_ETAG"},
		"table before content":      {"county", testkit.ConcernService + "ReassignConcern", step(`,"to":{"agency":"kela"}`), "failed_precondition", "ILLEGAL_STEP"},
		"form before relation":      {"nurse", testkit.ConcernService + "CloseConcern", step(""), "invalid_argument", "INVALID_FIELD"},
		"withdrawn without reason":  {"kela", testkit.ConcernService + "WithdrawConcern", step(""), "invalid_argument", "EXPLANATION_REQUIRED"},
		"mailbox read by a worker":  {"kela", "koppi.exchange.v1.ExchangeService/ListMessages", `{}`, "permission_denied", "ROLE_NOT_ALLOWED"},
		"no cursor":                 {"system", "koppi.exchange.v1.ExchangeService/ListMessages", `{"cursor":"salainen"}`, "invalid_argument", "INVALID_CURSOR"},
		"cursor of another history": {"system", "koppi.exchange.v1.ExchangeService/ListMessages", `{"cursor":"AQdjb25jZXJuAQAAAAAAAAAA"}`, "failed_precondition", "HISTORY_DIVERGED"},
		"search without purpose":    {"county", testkit.ConcernService + "ListConcerns", `{"clientId":"abc"}`, "invalid_argument", "INVALID_FIELD"},
		"no page token":             {"county", testkit.ConcernService + "ListConcerns", `{"pageToken":"abc"}`, "invalid_argument", "INVALID_PAGE_TOKEN"},
		"no such method":            {"county", testkit.ConcernService + "EraseConcern", `{}`, "unimplemented", "NOT_SERVED"},
		"no such service":           {"county", "koppi.secret.v1.SecretService/Get", `{}`, "unimplemented", "NOT_SERVED"},
	} {
		_, err := f.Call(f.Tokens[test.who], test.call, test.body)
		f.CheckRefusal(name, err, test.code, test.reason)
	}
	if heads, err := f.Koppi.Store("concern").Positions(t.Context()); err != nil || heads["kela"].Sequence != 1 {
		t.Errorf("something was stored: %v %v", heads, err)
	}
}

// A page of another site must not get tokens through a user's browser.
func TestDevServiceAnswersThisMachineAlone(t *testing.T) {
	i := testkit.Start(t, allinone.Config{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, i.Address+"/koppi.dev.v1.DevService/IssueToken", strings.NewReader(`{"role":"system","agency":"kela"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Host = "evil.example"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("HTTP %d", response.StatusCode)
	}
}
