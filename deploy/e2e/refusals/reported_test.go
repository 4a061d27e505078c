package refusals

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
)

// What people report of systems like this, and what is right.

// The case of the authentication scheme does not matter (RFC 9110 § 11.1), for calls and for the
// start of a session.
func TestSchemeInAnyCase(t *testing.T) {
	f := testkit.NewFixture(t)
	for _, scheme := range []string{"Bearer", "bearer", "BEARER", "bearer "} {
		for path, body := range map[string]string{"/koppi.concern.v1.ConcernService/ListConcerns": `{}`, "/session": ``} {
			call := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodPost, f.Address+path, strings.NewReader(body)))
			call.Header.Set("Authorization", scheme+" "+f.Tokens["kela"])
			call.Header.Set("Content-Type", "application/json")
			answer := testkit.Must(http.DefaultClient.Do(call))
			if answer.StatusCode != http.StatusOK {
				t.Errorf("%q at %s: %d", scheme, path, answer.StatusCode)
			}
			_ = answer.Body.Close()
		}
	}
}

// A sender's clock may be some minutes ahead. A consent dated later than that is refused, and so is
// one dated before any time that Koppi accepts.
func TestConsentOfAnotherClock(t *testing.T) {
	f := testkit.NewFixture(t)
	submit := func(consented string) error {
		_, err := f.Call(f.Tokens["kela"], testkit.SubmitCall, testkit.Report(basis(map[string]any{
			"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "1301/2014 § 35.1", "consentedAt": consented,
		})))
		return err
	}
	for _, ahead := range []time.Duration{3 * time.Second, 4 * time.Minute} {
		if err := submit(time.Now().Add(ahead).UTC().Format(time.RFC3339Nano)); err != nil {
			t.Errorf("%v ahead: %v", ahead, err)
		}
	}
	f.CheckRefusal("six minutes ahead", submit(time.Now().Add(6*time.Minute).UTC().Format(time.RFC3339Nano)), "invalid_argument", "LEGAL_BASIS_REQUIRED")
	f.CheckRefusal("the year 26", submit("0026-01-02T08:00:00Z"), "invalid_argument", "INVALID_FIELD")
}
