package operations

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/ground"
)

// Operators see on which grounds messages were sent in the last 30 days that no lawyer has reviewed: each
// once, whichever services used it, with what is open. A ground that was reviewed since is left out.
func TestUnreviewedGroundsAreListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grounds.json")
	if err := os.WriteFile(path, ground.BuiltIn, 0o600); err != nil {
		t.Fatal(err)
	}
	file := testkit.Must(ground.Open(path))
	file.CheckEvery(time.Millisecond)
	f := testkit.NewFixtureWith(t, allinone.Config{Clock: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC), Grounds: file})
	listed := func() (keys string) {
		t.Helper()
		var overview struct {
			UnreviewedGrounds []struct{ Key, Provision, Doubts string }
		}
		if err := json.Unmarshal(testkit.Must(f.Call(f.Tokens["operator"], "koppi.operator.v1.OperatorService/GetOverview", `{}`)), &overview); err != nil {
			t.Fatal(err)
		}
		for _, one := range overview.UnreviewedGrounds {
			keys += one.Key + " "
			rows := file.Table().Rows()
			if i := slices.IndexFunc(rows, func(row ground.Row) bool { return row.Key == one.Key }); rows[i].Provision != one.Provision || rows[i].Doubts != one.Doubts {
				t.Errorf("%+v, want %+v", one, rows[i])
			}
		}
		return strings.TrimSpace(keys)
	}
	client := map[string]any{"language": "fi", "details": map[string]any{"familyName": "Testinen", "birthDate": "2012-05-05"}}
	refer := func(key, kind, receiver string) {
		t.Helper()
		basis := map[string]any{"groundKey": key}
		if key == "consent" {
			basis["consentedAt"] = "2026-11-01T10:00:00Z"
		}
		testkit.Must(f.Call(f.Tokens["kela"], testkit.ReferralService+"SendReferral", testkit.JSON(map[string]any{
			"requestId": uuid.NewString(), "basis": basis, "kind": kind, "reason": "Syy.", "urgency": "URGENCY_NORMAL",
			"receiver": map[string]any{"agency": receiver}, "client": client,
		}, nil)))
	}
	if keys := listed(); keys != "" {
		t.Errorf("at first: %s", keys)
	}
	refer("hl-21", "REFERRAL_KIND_APPLICATION_TRANSFER", "hva-pohjois-savo")
	refer("consent", "REFERRAL_KIND_SERVICE", "terveys-pohjois-savo")
	testkit.Must(f.Call(f.Tokens["kela"], testkit.ConsultationService+"OpenConsultation", testkit.JSON(map[string]any{
		"requestId": uuid.NewString(), "basis": map[string]any{"groundKey": "consent", "consentedAt": "2026-11-01T10:00:00Z"}, "client": client,
		"addressee": map[string]any{"agency": "terveys-pohjois-savo"}, "topic": "Aihe", "question": "Mitä?", "urgency": "URGENCY_NORMAL",
	}, nil)))
	if keys := listed(); keys != "consent hl-21" {
		t.Errorf("after three messages: %s", keys)
	}
	text := strings.Replace(string(ground.BuiltIn), `"source": "434/2003", "reviewed": null`, `"source": "434/2003", "reviewed": {"by": "Juristi", "on": "2026-11-30"}`, 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, func() bool {
		row, _ := file.Table().Find("hl-21", time.Now())
		return row.Reviewed != nil
	})
	if keys := listed(); keys != "consent" {
		t.Errorf("after a review: %s", keys)
	}
	// A use of what was reviewed before is no use of an unreviewed ground.
	refer("hl-21", "REFERRAL_KIND_APPLICATION_TRANSFER", "hva-pohjois-savo")
	testkit.Must(f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"to": "2026-12-30T21:59:00Z"}`))
	if keys := listed(); keys != "consent" {
		t.Errorf("on the 30th day: %s", keys)
	}
	testkit.Must(f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"to": "2026-12-30T22:00:00Z"}`))
	if keys := listed(); keys != "" {
		t.Errorf("on the day after: %s", keys)
	}
	_, err := f.Call(f.Tokens["kela"], "koppi.operator.v1.OperatorService/GetOverview", `{}`)
	f.CheckRefusal("a worker", err, "permission_denied", "ROLE_NOT_ALLOWED")
}
