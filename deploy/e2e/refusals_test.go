package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/identity"
)

const (
	submitCall = "koppi.concern.v1.ConcernService/SubmitConcern"
	concernSvc = "koppi.concern.v1.ConcernService/"
)

// bench is an instance with somebody at each end of a concern.
type bench struct {
	*instance
	t      *testing.T
	tokens map[string]string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return newBenchOf(t, allinone.Config{})
}

func newBenchOf(t *testing.T, settings allinone.Config) *bench {
	t.Helper()
	b := &bench{instance: startOf(t, settings), t: t, tokens: map[string]string{}}
	for name, party := range map[string]scenario.CastParty{
		"kela":     {Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler"},
		"county":   {Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21", Role: "social_worker"},
		"nurse":    {Agency: "terveys-pohjois-savo", Unit: "terveysasema-kuopio", Worker: "tk-02", Role: "health_professional"},
		"system":   {Agency: "kela", Role: "system"},
		"client":   {Role: "client", PersonalIdentityCode: "010594Y9032"},
		"operator": {Worker: "op-1", Role: "operator"},
	} {
		b.tokens[name] = b.token(party)
	}
	return b
}

func (b *bench) token(party scenario.CastParty) string {
	b.t.Helper()
	body, _ := json.Marshal(party)
	answer, err := b.call("", "koppi.dev.v1.DevService/IssueToken", string(body))
	if err != nil {
		b.t.Fatal(err)
	}
	var issued struct{ Token string }
	if err := json.Unmarshal(answer, &issued); err != nil {
		b.t.Fatal(err)
	}
	return issued.Token
}

// grpc is an uncut connection to the gateway.
func (b *bench) grpc() *grpc.ClientConn {
	b.t.Helper()
	conn, err := grpc.NewClient(strings.TrimPrefix(b.address, "http://"), watched(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (b *bench) asWorker(name string) context.Context {
	return metadata.AppendToOutgoingContext(b.t.Context(), "authorization", "Bearer "+b.tokens[name])
}

func (b *bench) call(token, call, body string) ([]byte, error) {
	return scenario.ConnectJSON{Address: b.address, Client: http.DefaultClient}.Call(b.t.Context(), token, call, []byte(body))
}

// report is a good report, changed field by field.
func report(changes map[string]any) string {
	body := map[string]any{
		"requestId": uuid.NewString(), "client": map[string]any{"personalIdentityCode": "010594Y9032", "language": "fi"},
		"receiver": map[string]any{"agency": "hva-pohjois-savo"},
		"basis":    map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "1301/2014 § 35.1", "consentedAt": "2026-01-01T10:00:00Z"},
		"topics":   []string{"TOPIC_RENT_ARREARS"}, "urgency": "URGENCY_NORMAL",
	}
	for field, value := range changes {
		if value == nil {
			delete(body, field)
		} else {
			body[field] = value
		}
	}
	text, _ := json.Marshal(body)
	return string(text)
}

func basis(fields map[string]any) map[string]any { return map[string]any{"basis": fields} }

// Invalid reports are refused, each with its own status and reason; nothing is stored, and the
// refusal quotes nothing of the report.
func TestBadReports(t *testing.T) {
	b := newBench(t)
	attested := map[string]any{"ground": "LEGAL_GROUND_STATUTORY_NOTIFICATION", "provision": "1301/2014 § 35.2", "attestation": map[string]any{"consentUnobtainable": true, "interestOfChild": true}}
	for name, test := range map[string]struct {
		body, code, reason string
	}{
		"malformed JSON":     {`{"requestId": "salainen`, "invalid_argument", "INVALID_FIELD"},
		"no object":          {`[]`, "invalid_argument", "INVALID_FIELD"},
		"unknown field":      {report(map[string]any{"selite": "salainen"}), "invalid_argument", "INVALID_FIELD"},
		"wrong type":         {report(map[string]any{"urgency": map[string]any{}}), "invalid_argument", "INVALID_FIELD"},
		"no request_id":      {report(map[string]any{"requestId": nil}), "invalid_argument", "INVALID_FIELD"},
		"bad request_id":     {report(map[string]any{"requestId": "salainen"}), "invalid_argument", "INVALID_FIELD"},
		"too long":           {report(map[string]any{"description": strings.Repeat("salainen", 2000)}), "invalid_argument", "INVALID_FIELD"},
		"NUL":                {report(map[string]any{"description": "a\x00b"}), "invalid_argument", "INVALID_FIELD"},
		"no urgency":         {report(map[string]any{"urgency": nil}), "invalid_argument", "INVALID_FIELD"},
		"unknown urgency":    {report(map[string]any{"urgency": 77}), "invalid_argument", "INVALID_FIELD"},
		"topic twice":        {report(map[string]any{"topics": []string{"TOPIC_OTHER", "TOPIC_OTHER"}}), "invalid_argument", "INVALID_FIELD"},
		"nobody":             {report(map[string]any{"client": nil}), "invalid_argument", "INVALID_FIELD"},
		"nobody named":       {report(map[string]any{"client": map[string]any{"language": "fi"}}), "invalid_argument", "INVALID_FIELD"},
		"check character":    {report(map[string]any{"client": map[string]any{"personalIdentityCode": "140391-902A"}}), "invalid_argument", "INVALID_IDENTITY_CODE"},
		"date":               {report(map[string]any{"client": map[string]any{"personalIdentityCode": "310299-9001"}}), "invalid_argument", "INVALID_IDENTITY_CODE"},
		"sign":               {report(map[string]any{"client": map[string]any{"personalIdentityCode": "010190Z900P"}}), "invalid_argument", "INVALID_IDENTITY_CODE"},
		"unknown client":     {report(map[string]any{"client": map[string]any{"clientId": "salainen"}}), "invalid_argument", "UNKNOWN_CLIENT"},
		"unknown agency":     {report(map[string]any{"receiver": map[string]any{"agency": "salainen"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"unknown unit":       {report(map[string]any{"receiver": map[string]any{"agency": "hva-pohjois-savo", "unit": "salainen"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"own agency":         {report(map[string]any{"receiver": map[string]any{"agency": "kela"}}), "invalid_argument", "UNKNOWN_PARTY"},
		"no ground":          {report(map[string]any{"basis": nil}), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"no provision":       {report(basis(map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "consentedAt": "2026-01-01T10:00:00Z"})), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"no time of consent": {report(basis(map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "1301/2014 § 35.1"})), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"consent to come":    {report(basis(map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "1301/2014 § 35.1", "consentedAt": "2126-01-01T10:00:00Z"})), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"statutory access":   {report(basis(map[string]any{"ground": "LEGAL_GROUND_STATUTORY_ACCESS", "provision": "1301/2014 § 35.1"})), "invalid_argument", "LEGAL_BASIS_REQUIRED"},
		"no attestation":     {report(basis(map[string]any{"ground": "LEGAL_GROUND_STATUTORY_NOTIFICATION", "provision": "1301/2014 § 35.1"})), "invalid_argument", "ATTESTATION_REQUIRED"},
		"half attestation":   {report(basis(map[string]any{"ground": "LEGAL_GROUND_STATUTORY_NOTIFICATION", "provision": "1301/2014 § 35.1", "attestation": map[string]any{"consentUnobtainable": true}})), "invalid_argument", "ATTESTATION_REQUIRED"},
		"no topics":          {report(map[string]any{"topics": nil}), "invalid_argument", "TOPIC_REQUIRED"},
		"described without":  {report(map[string]any{"basis": attested, "description": "salainen"}), "invalid_argument", "CONTENT_NOT_ALLOWED"},
		"topics to youth":    {report(map[string]any{"basis": attested, "receiver": map[string]any{"agency": "etsiva-kuopio"}}), "invalid_argument", "CONTENT_NOT_ALLOWED"},
		"code in text":       {report(map[string]any{"description": "salainen 140391 – 9021"}), "invalid_argument", "CONTENT_NOT_ALLOWED"},
		"attachments":        {report(map[string]any{"attachmentIds": []string{uuid.NewString()}}), "invalid_argument", "ATTACHMENT_UNAVAILABLE"},
		"unknown case":       {report(map[string]any{"caseId": "salainen"}), "invalid_argument", "INVALID_FIELD"},
		// Two faults: the first in the order of checks answers.
		"form before content": {report(map[string]any{"basis": nil, "description": strings.Repeat("x", 10001)}), "invalid_argument", "INVALID_FIELD"},
		"party before ground": {report(map[string]any{"basis": nil, "receiver": map[string]any{"agency": "salainen"}}), "invalid_argument", "UNKNOWN_PARTY"},
	} {
		_, err := b.call(b.tokens["kela"], submitCall, test.body)
		b.refused(name, err, test.code, test.reason)
	}
	if heads, err := b.koppi.Store("concern").Positions(t.Context()); err != nil || len(heads) != 0 {
		t.Errorf("something was stored: %v %v", heads, err)
	}
}

// refused checks how a call was refused, and that the refusal repeats nothing.
func (b *bench) refused(name string, err error, code, reason string) {
	b.t.Helper()
	refusal, ok := err.(*scenario.Refusal) //nolint:errorlint // as it comes
	if !ok || refusal.Code != code || refusal.Reason != reason {
		b.t.Errorf("%s: %v, want %s %s", name, err, code, reason)
		return
	}
	for _, secret := range []string{"salainen", "140391", "010594Y9032", "eyJ"} {
		if strings.Contains(refusal.Message, secret) {
			b.t.Errorf("%s: the refusal repeats what was sent: %s", name, refusal.Message)
		}
	}
	if !strings.Contains(refusal.Message, ": ") {
		b.t.Errorf("%s: no advice in %q", name, refusal.Message)
	}
}

func TestBadTokens(t *testing.T) {
	b := newBench(t)
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
		_, err := b.call(test.token, submitCall, report(map[string]any{"requestId": "salainen"}))
		b.refused(name, err, "unauthenticated", test.reason)
	}
}

func TestBadSteps(t *testing.T) {
	b := newBench(t)
	first := report(nil)
	answer, err := b.call(b.tokens["kela"], submitCall, first)
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
	if again, err := b.call(b.tokens["kela"], submitCall, first); err != nil || string(again) != string(answer) {
		t.Errorf("the same request_id has another answer:\n%s\n%s", again, answer)
	}
	other := strings.Replace(first, "URGENCY_NORMAL", "URGENCY_URGENT", 1)
	unknown := fmt.Sprintf(`{"concernId":%q}`, uuid.NewString())
	for name, test := range map[string]struct{ who, call, body, code, reason string }{
		"reused request_id":         {"kela", submitCall, other, "already_exists", "REQUEST_ID_REUSED"},
		"foreign subject":           {"nurse", concernSvc + "GetConcern", fmt.Sprintf(`{"concernId":%q}`, id), "not_found", "NOT_FOUND"},
		"no subject":                {"nurse", concernSvc + "GetConcern", unknown, "not_found", "NOT_FOUND"},
		"client steps":              {"client", concernSvc + "TakeConcern", step(""), "permission_denied", "ROLE_NOT_ALLOWED"},
		"client reports":            {"client", submitCall, report(nil), "permission_denied", "ROLE_NOT_ALLOWED"},
		"reporter takes":            {"kela", concernSvc + "TakeConcern", step(""), "permission_denied", "ROLE_NOT_ALLOWED"},
		"system without worker":     {"system", concernSvc + "TakeConcern", step(""), "permission_denied", "ROLE_NOT_ALLOWED"},
		"out of order":              {"county", concernSvc + "StartAssessment", step(""), "failed_precondition", "ILLEGAL_STEP"},
		"stale":                     {"county", concernSvc + "ReceiveConcern", step(`,"etag":"old"`), "aborted", "STALE_ETAG"},
		"role before etag":          {"kela", concernSvc + "TakeConcern", step(`,"etag":"old"`), "permission_denied", "ROLE_NOT_ALLOWED"},
		"etag before table":         {"county", concernSvc + "StartAssessment", step(`,"etag":"old"`), "aborted", "STALE_ETAG"},
		"table before content":      {"county", concernSvc + "ReassignConcern", step(`,"to":{"agency":"kela"}`), "failed_precondition", "ILLEGAL_STEP"},
		"form before relation":      {"nurse", concernSvc + "CloseConcern", step(""), "invalid_argument", "INVALID_FIELD"},
		"withdrawn without reason":  {"kela", concernSvc + "WithdrawConcern", step(""), "invalid_argument", "EXPLANATION_REQUIRED"},
		"mailbox read by a worker":  {"kela", "koppi.exchange.v1.ExchangeService/ListMessages", `{}`, "permission_denied", "ROLE_NOT_ALLOWED"},
		"no cursor":                 {"system", "koppi.exchange.v1.ExchangeService/ListMessages", `{"cursor":"salainen"}`, "invalid_argument", "INVALID_CURSOR"},
		"cursor of another history": {"system", "koppi.exchange.v1.ExchangeService/ListMessages", `{"cursor":"AQdjb25jZXJuAQAAAAAAAAAA"}`, "failed_precondition", "HISTORY_DIVERGED"},
		"search without purpose":    {"county", concernSvc + "ListConcerns", `{"clientId":"abc"}`, "invalid_argument", "INVALID_FIELD"},
		"no page token":             {"county", concernSvc + "ListConcerns", `{"pageToken":"abc"}`, "invalid_argument", "INVALID_PAGE_TOKEN"},
		"no such method":            {"county", concernSvc + "EraseConcern", `{}`, "unimplemented", "NOT_SERVED"},
		"no such service":           {"county", "koppi.secret.v1.SecretService/Get", `{}`, "unimplemented", "NOT_SERVED"},
	} {
		_, err := b.call(b.tokens[test.who], test.call, test.body)
		b.refused(name, err, test.code, test.reason)
	}
	if heads, err := b.koppi.Store("concern").Positions(t.Context()); err != nil || heads["kela"].Sequence != 1 {
		t.Errorf("something was stored: %v %v", heads, err)
	}
}

// A page of another site must not get tokens through a user's browser.
func TestDevServiceAnswersThisMachineAlone(t *testing.T) {
	i := start(t, time.Time{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, i.address+"/koppi.dev.v1.DevService/IssueToken", strings.NewReader(`{"role":"system","agency":"kela"}`))
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
