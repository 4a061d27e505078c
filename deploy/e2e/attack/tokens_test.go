package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// issued is a token of the instance's own issuer, of any time and life.
func issued(f *testkit.Fixture, caller identity.Caller, at time.Time, life time.Duration) string {
	f.T.Helper()
	issuer := testkit.Must(identity.OpenDevIssuer(filepath.Join(f.Data, "secrets"), dev.IssuerName))
	return testkit.Must(issuer.Issue(caller, at, life))
}

var (
	kelaSystem  = identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: "kelmu"}
	kelaWorker  = identity.Caller{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: identity.RoleBenefitHandler}
	countyAsker = identity.Caller{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21", Role: identity.RoleSocialWorker}
)

// openStreams are the streams that may stay open for an hour, and who opens each; live returns why the
// stream ended.
func openStreams(consultation string) map[string]struct {
	caller identity.Caller
	live   func(ctx context.Context, conn grpc.ClientConnInterface) error
} {
	type stream = struct {
		caller identity.Caller
		live   func(ctx context.Context, conn grpc.ClientConnInterface) error
	}
	return map[string]stream{
		"Exchange": {kelaSystem, func(ctx context.Context, conn grpc.ClientConnInterface) error {
			s, err := exchangev1.NewExchangeServiceClient(conn).Exchange(ctx)
			if err == nil {
				// What is refused already says so on reading.
				_ = s.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &exchangev1.ExchangeRequest_Open{}}})
			}
			for err == nil {
				_, err = s.Recv()
			}
			return err
		}},
		"Watch": {kelaWorker, func(ctx context.Context, conn grpc.ClientConnInterface) error {
			s, err := exchangev1.NewExchangeServiceClient(conn).Watch(ctx, &exchangev1.WatchRequest{})
			for err == nil {
				_, err = s.Recv()
			}
			return err
		}},
		"Converse": {countyAsker, func(ctx context.Context, conn grpc.ClientConnInterface) error {
			s, err := consultationv1.NewConsultationServiceClient(conn).Converse(ctx)
			if err == nil {
				// What is refused already says so on reading.
				_ = s.Send(&consultationv1.ConverseRequest{Kind: &consultationv1.ConverseRequest_Join_{
					Join: &consultationv1.ConverseRequest_Join{ConsultationId: consultation},
				}})
			}
			for err == nil {
				_, err = s.Recv()
			}
			return err
		}},
		"Follow": {countyAsker, func(ctx context.Context, conn grpc.ClientConnInterface) error {
			s, err := consultationv1.NewConsultationServiceClient(conn).Follow(ctx, &consultationv1.FollowRequest{ConsultationId: consultation})
			for err == nil {
				_, err = s.Recv()
			}
			return err
		}},
	}
}

// A token that is expired, not yet valid, forged or sent twice is refused over every transport; and
// a stream ends when the token that opened it expires.
func TestForgedAndStaleTokens(t *testing.T) {
	const left = 3 * time.Second
	f := testkit.NewFixture(t)
	conn := f.Conn()
	asked := testkit.Insist(t, f.As("county"), consultationv1.NewConsultationServiceClient(conn).OpenConsultation, testkit.Question()).GetConsultation().GetConsultationId()
	ways := openStreams(asked)
	before := fmt.Sprint(testkit.Must(f.Koppi.Store("concern").Positions(t.Context())))
	stranger := testkit.Must(identity.OpenDevIssuer(t.TempDir(), dev.IssuerName))
	for name, bad := range map[string]struct {
		token  func(caller identity.Caller) string
		reason fault.Reason
	}{
		"stale":     {func(c identity.Caller) string { return issued(f, c, time.Now().Add(-time.Hour), 59*time.Minute) }, fault.TokenExpired},
		"to come":   {func(c identity.Caller) string { return issued(f, c, time.Now().Add(time.Hour), time.Hour) }, fault.TokenInvalid},
		"forged":    {func(c identity.Caller) string { return testkit.Must(stranger.Issue(c, time.Now(), time.Hour)) }, fault.TokenInvalid},
		"an agency": {func(c identity.Caller) string { c.Agency = "salainen"; return issued(f, c, time.Now(), time.Hour) }, fault.TokenInvalid},
		"a unit":    {func(c identity.Caller) string { c.Unit = "salainen"; return issued(f, c, time.Now(), time.Hour) }, fault.TokenInvalid},
		"cut":       {func(c identity.Caller) string { all := issued(f, c, time.Now(), time.Hour); return all[:len(all)-3] }, fault.TokenInvalid},
	} {
		for protocol, way := range ways {
			if err := refusedSoon(t, conn, way.live, bad.token(way.caller)); fault.ReasonOf(err) != bad.reason {
				t.Errorf("%s, %s: %v, want %s", name, protocol, err, bad.reason)
			}
		}
		_, err := f.Call(bad.token(kelaWorker), testkit.SubmitCall, testkit.Report(nil))
		f.CheckRefusal(name, err, "unauthenticated", string(bad.reason))
	}
	for protocol, way := range ways {
		if err := refusedSoon(t, conn, way.live, f.Tokens["kela"], f.Tokens["county"]); fault.ReasonOf(err) != fault.TokenInvalid {
			t.Errorf("two tokens, %s: %v", protocol, err)
		}
	}
	if answer := twoTokens(f); !strings.Contains(answer, "401") || !strings.Contains(answer, string(fault.TokenInvalid)) {
		t.Errorf("two tokens over HTTP: %s", answer)
	}
	if now := fmt.Sprint(testkit.Must(f.Koppi.Store("concern").Positions(t.Context()))); now != before {
		t.Errorf("something was stored: %s", now)
	}

	var group sync.WaitGroup
	began := time.Now()
	for protocol, way := range ways {
		token := issued(f, way.caller, began.Add(-time.Hour), time.Hour+left)
		group.Go(func() {
			ctx, cancel := context.WithTimeout(testkit.WithToken(t, token), 10*left)
			defer cancel()
			err := way.live(ctx, conn)
			// A token's times are whole seconds.
			if took := time.Since(began); fault.ReasonOf(err) != fault.TokenExpired || took < left-2*time.Second || took > 5*left {
				t.Errorf("%s: the token lived %v, and the stream %v: %v", protocol, left, took, err)
			}
		})
	}
	group.Wait()
}

// refusedSoon opens a stream with these tokens and says why it ended: a stream that stands
// is not waited for.
func refusedSoon(t *testing.T, conn grpc.ClientConnInterface, live func(context.Context, grpc.ClientConnInterface) error, tokens ...string) error {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, token := range tokens {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	return live(ctx, conn)
}

// twoTokens sends a good report with the tokens of two.
func twoTokens(f *testkit.Fixture) string {
	request := testkit.Must(http.NewRequestWithContext(f.T.Context(), http.MethodPost, f.Address+"/"+testkit.SubmitCall, strings.NewReader(testkit.Report(nil))))
	request.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + f.Tokens["kela"], "Bearer " + f.Tokens["county"]}}
	response := testkit.Must(http.DefaultClient.Do(request))
	defer func() { _ = response.Body.Close() }()
	var refusal json.RawMessage
	_ = json.NewDecoder(response.Body).Decode(&refusal)
	return fmt.Sprint(response.Status, string(refusal))
}

// A cursor of another agency's mailbox, or of another Koppi instance, is refused for polling,
// acknowledging and streams, and does not move any consumer's cursor.
func TestStolenCursors(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	f.SubmitReport()
	f.SubmitReport()
	f.Tokens["county system"] = f.Token(scenario.CastParty{Agency: "hva-pohjois-savo", Role: "system"})
	f.Tokens["stranger"] = f.Token(scenario.CastParty{Agency: "etsiva-kuopio", Role: "system"})
	exchange := exchangev1.NewExchangeServiceClient(conn)
	mine := testkit.Must(exchange.ListMessages(f.As("county system"), &exchangev1.ListMessagesRequest{}))
	stolen := testkit.Must(exchange.ListMessages(f.As("system"), &exchangev1.ListMessagesRequest{PageSize: 1})).GetNextCursor()
	elsewhere := testkit.NewFixture(t)
	elsewhere.SubmitReport()
	elsewhere.Tokens["county system"] = elsewhere.Token(scenario.CastParty{Agency: "hva-pohjois-savo", Role: "system"})
	foreign := testkit.Must(exchangev1.NewExchangeServiceClient(elsewhere.Conn()).ListMessages(elsewhere.As("county system"), &exchangev1.ListMessagesRequest{})).GetNextCursor()
	for _, one := range []struct{ who, stolen string }{{"county system", stolen}, {"stranger", stolen}, {"county system", foreign}} {
		who, stolen := one.who, one.stolen
		ctx := f.As(who)
		_, listed := exchange.ListMessages(ctx, &exchangev1.ListMessagesRequest{Cursor: stolen})
		_, taken := exchange.AcknowledgeMessages(ctx, &exchangev1.AcknowledgeMessagesRequest{Cursor: stolen})
		_, opened := exchange.OpenConsumer(ctx, &exchangev1.OpenConsumerRequest{Cursor: stolen})
		stream := testkit.Must(exchange.Exchange(ctx))
		_ = stream.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &exchangev1.ExchangeRequest_Open{Cursor: stolen}}})
		_, streamed := stream.Recv()
		for way, err := range map[string]error{"listed": listed, "acknowledged": taken, "opened": opened, "streamed": streamed} {
			if fault.ReasonOf(err) != fault.HistoryDiverged {
				t.Errorf("%s, %s: %v", who, way, err)
			}
		}
	}
	again := testkit.Must(exchange.ListMessages(f.As("county system"), &exchangev1.ListMessagesRequest{}))
	if len(mine.GetMessages()) == 0 || again.GetNextCursor() != mine.GetNextCursor() || again.GetBacklog() != mine.GetBacklog() {
		t.Errorf("the county's own reading was changed: %v, then %v", mine, again)
	}
}

// Headers with bytes that cannot be forwarded to a service are refused with the status of their
// purpose, or dropped.
func TestHeadersThatCannotPass(t *testing.T) {
	f := testkit.NewFixture(t)
	const bytes = "a\xffb\x80"
	for name, test := range map[string]struct {
		header, value string
		code          int
	}{
		"a token":         {"Authorization", "Bearer " + bytes, http.StatusUnauthorized},
		"in whose name":   {identity.MetadataOnBehalfOf, bytes + ";toimeentulotuki;benefit_handler", http.StatusBadRequest},
		"a trace":         {"Traceparent", bytes, http.StatusOK},
		"a trace's state": {"Tracestate", bytes, http.StatusOK},
	} {
		request := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodPost, f.Address+"/koppi.concern.v1.ConcernService/ListConcerns", strings.NewReader("{}")))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+f.Tokens["system"])
		request.Header.Set(test.header, test.value)
		answer := testkit.Must(http.DefaultClient.Do(request))
		_ = answer.Body.Close()
		if answer.StatusCode != test.code {
			t.Errorf("%s: %s", name, answer.Status)
		}
	}
}

// The session cookie counts only in requests from Koppi's own pages; if a token comes with it, the
// token identifies the caller.
func TestACookieIsNotBorrowed(t *testing.T) {
	f := testkit.NewFixture(t)
	send := func(path, body string, headers ...string) *http.Response {
		request := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodPost, f.Address+path, strings.NewReader(body)))
		request.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		answer := testkit.Must(http.DefaultClient.Do(request))
		t.Cleanup(func() { _ = answer.Body.Close() })
		return answer
	}
	begun := send("/session", "", "Authorization", "Bearer "+f.Tokens["kela"])
	if len(begun.Cookies()) != 1 || !begun.Cookies()[0].HttpOnly || begun.Cookies()[0].SameSite != http.SameSiteStrictMode {
		t.Fatalf("%s: %v", begun.Status, begun.Cookies())
	}
	cookie := begun.Cookies()[0].Name + "=" + begun.Cookies()[0].Value
	const list = "/koppi.concern.v1.ConcernService/ListConcerns"
	for name, test := range map[string]struct {
		code    int
		says    string
		headers []string
	}{
		"our own page":     {http.StatusOK, "", []string{"Sec-Fetch-Site", "same-origin"}},
		"another site":     {http.StatusForbidden, "CROSS_SITE", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}},
		"a sister site":    {http.StatusForbidden, "CROSS_SITE", []string{"Sec-Fetch-Site", "same-site"}},
		"nobody vouches":   {http.StatusForbidden, "CROSS_SITE", nil},
		"a token with it":  {http.StatusForbidden, "ROLE_NOT_ALLOWED", []string{"Authorization", "Bearer " + f.Tokens["operator"], "Sec-Fetch-Site", "same-origin"}},
		"a changed cookie": {http.StatusUnauthorized, "SESSION_ENDED", []string{"Cookie", cookie[:len(cookie)-4] + "AAAA", "Sec-Fetch-Site", "same-origin"}},
		"on behalf":        {http.StatusForbidden, "ROLE_NOT_ALLOWED", []string{identity.MetadataOnBehalfOf, "x;toimeentulotuki;benefit_handler", "Sec-Fetch-Site", "same-origin"}},
	} {
		answer := send(list, "{}", append([]string{"Cookie", cookie}, test.headers...)...)
		text := string(testkit.Must(io.ReadAll(answer.Body)))
		if answer.StatusCode != test.code || !strings.Contains(text, test.says) {
			t.Errorf("%s: %s %s", name, answer.Status, text)
		}
	}
}
