package refusals

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/ground"
)

// application is a moved application as its receiver reads it.
type application struct {
	ReferralID, StatutoryDueAt, Etag string
	Status                           struct{ DueAt, DueBasis, DueProvision string }
}

// moving is an instance in which kela moves applications to the county.
type moving struct{ *testkit.Fixture }

// move moves an application, which the county accepts.
func (m moving) move(t *testing.T) application {
	t.Helper()
	sent := m.answered(t, "kela", "SendReferral", map[string]any{
		"basis": map[string]any{"groundKey": "hl-21"}, "kind": "REFERRAL_KIND_APPLICATION_TRANSFER", "reason": "Hakemus.", "urgency": "URGENCY_NORMAL",
		"receiver": map[string]any{"agency": "hva-pohjois-savo"},
		"client":   map[string]any{"language": "fi", "details": map[string]any{"familyName": "Testinen", "birthDate": "1982-05-05"}},
	})
	return m.answered(t, "county", "AcceptReferral", map[string]any{"referralId": sent.ReferralID})
}

// note adds a note to an application, which is on hold after it or not.
func (m moving) note(t *testing.T, moved application, onHold bool) application {
	t.Helper()
	return m.answered(t, "county", "AddProgressNote", map[string]any{"referralId": moved.ReferralID, "text": "Etenee.", "onHold": onHold})
}

func (m moving) answered(t *testing.T, who, step string, request map[string]any) application {
	t.Helper()
	request["requestId"] = uuid.NewString()
	var response struct{ Referral application }
	if err := json.Unmarshal(testkit.Must(m.Call(m.Tokens[who], testkit.ReferralService+step, testkit.JSON(request, nil))), &response); err != nil {
		t.Fatal(err)
	}
	return response.Referral
}

// Changed days of a row apply to applications that are moved after the change of the file. What was moved
// before keeps its days, also when they are counted again.
func TestChangedDaysApplyToNewApplications(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grounds.json")
	if err := os.WriteFile(path, ground.BuiltIn, 0o600); err != nil {
		t.Fatal(err)
	}
	file := testkit.Must(ground.Open(path))
	file.CheckEvery(time.Millisecond)
	// A Monday morning, in two weeks without a holiday.
	m := moving{testkit.NewFixtureWith(t, allinone.Config{Clock: time.Date(2026, 11, 9, 8, 0, 0, 0, time.UTC), Grounds: file})}
	m.expect(t, "before", m.move(t), "2026-11-18T21:59", "1412/1997 § 14 a.1")
	older := m.move(t)
	const days = `"workingDays": 7, "urgentWorkingDays": 1, "countsFrom": "ARRIVAL", "provision": "1412/1997 § 14 a.1"`
	changed := bytes.Replace(ground.BuiltIn, []byte(days), []byte(`"workingDays": 4, "urgentWorkingDays": 1, "countsFrom": "ARRIVAL", "provision": "434/2003 § 23.1"`), 1)
	if bytes.Equal(changed, ground.BuiltIn) {
		t.Fatal("the row has other days")
	}
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, func() bool {
		row, _ := file.Table().Find("hl-21", time.Now())
		return row.Due.WorkingDays == 4
	})
	newer := m.move(t)
	m.expect(t, "after", newer, "2026-11-13T21:59", "434/2003 § 23.1")
	m.note(t, older, true)
	m.note(t, newer, true)
	testkit.Must(m.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"to": "2026-11-10T08:00:00Z"}`))
	m.expect(t, "before, counted again", m.note(t, older, false), "2026-11-19T21:59", "1412/1997 § 14 a.1")
	m.expect(t, "after, counted again", m.note(t, newer, false), "2026-11-16T21:59", "434/2003 § 23.1")
	body := testkit.Must(m.Call(m.Tokens["kela"], testkit.ReferralService+"GetReferral", `{"referralId": "`+newer.ReferralID+`"}`))
	if text := string(body); !strings.Contains(text, `"dueAt"`) || strings.Contains(text, "434/2003 § 23.1") || strings.Contains(text, "dueBasis") {
		t.Errorf("the sender reads %s", text)
	}
}

func (m moving) expect(t *testing.T, what string, moved application, due, provision string) {
	t.Helper()
	if !strings.HasPrefix(moved.Status.DueAt, due) || !strings.HasPrefix(moved.StatutoryDueAt, due) || moved.Status.DueProvision != provision {
		t.Errorf("%s: %+v, want %s by %s", what, moved, due, provision)
	}
}
