package e2e

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// browser is a real Chromium with nobody signed in.
func browser(t *testing.T, width, height int64) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("the page is tested in a browser, and there is none: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(int(width), int(height)))
	allocated, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	chromedp.ListenTarget(ctx, left.requested)
	ctx, cancelTime := context.WithTimeout(ctx, 60*time.Second)
	t.Cleanup(func() {
		cancelTime()
		// Its folder goes with it, once all its processes have ended.
		_ = chromedp.Cancel(ctx)
		cancel()
		cancelAllocator()
	})
	return ctx
}

func do(t *testing.T, ctx context.Context, what string, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// shot keeps a picture where SHOTS names a folder, to be looked at.
func shot(t *testing.T, ctx context.Context, name string, width, height int64) {
	t.Helper()
	folder := os.Getenv("SHOTS")
	if folder == "" {
		return
	}
	var picture []byte
	do(t, ctx, name, chromedp.EmulateViewport(width, height), chromedp.FullScreenshot(&picture, 100))
	if err := os.WriteFile(folder+"/"+name+".png", picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

func signIn(t *testing.T, ctx context.Context, i *instance, worker string) {
	t.Helper()
	do(t, ctx, "sign in as "+worker, chromedp.Navigate(i.address), chromedp.Click(`[data-worker="`+worker+`"]`), chromedp.WaitVisible("#new"))
}

// Two people see one loop close: Kela reports, the county receives, takes and
// closes, and Kela's page shows it without being reloaded.
func TestTheLoopClosesOnThePage(t *testing.T) {
	i := start(t, time.Time{})
	kela, county := browser(t, 1280, 900), browser(t, 1280, 900)
	signIn(t, kela, i, "kela-17")
	shot(t, kela, "empty-1280", 1280, 900)
	do(t, kela, "report",
		chromedp.Click("#new"), chromedp.Click(`input[value="LEGAL_GROUND_CLIENT_CONSENT"]`), chromedp.WaitVisible(`input[name="code"]`),
		chromedp.SendKeys(`input[name="code"]`, "140391-902A"), chromedp.Click(`input[value="TOPIC_RENT_ARREARS"]`), chromedp.Click(`input[value="TOPIC_ELECTRICITY_CUT"]`),
		chromedp.SendKeys(`textarea[name="description"]`, "Kaksi vuokraa maksamatta."), chromedp.Click("form.step button.first"), chromedp.WaitVisible(".error"))
	shot(t, kela, "form-1280", 1280, 900)
	shot(t, kela, "form-390", 390, 844)
	var kept, refused string
	do(t, kela, "what was typed is kept", chromedp.EmulateViewport(1280, 900), chromedp.Value(`textarea[name="description"]`, &kept), chromedp.Text(".error", &refused))
	var topics int
	do(t, kela, "count topics", chromedp.Evaluate(`document.querySelectorAll('input[name="topic"]').length`, &topics))
	if topics != len(concernv1.Topic_name)-1 {
		t.Errorf("%d topics can be chosen, and there are %d", topics, len(concernv1.Topic_name)-1)
	}
	if !strings.Contains(refused, "Henkilötunnus ei kelpaa") {
		t.Errorf("refused in another language: %s", refused)
	}
	if kept != "Kaksi vuokraa maksamatta." || !strings.Contains(refused, "INVALID_IDENTITY_CODE") {
		t.Errorf("kept %q, refused %q", kept, refused)
	}
	do(t, kela, "correct it", chromedp.SetValue(`input[name="code"]`, "140391-9021"), chromedp.Click("form.step button.first"), chromedp.WaitVisible("article ol.steps"))
	signIn(t, county, i, "ps-21")
	do(t, county, "open it", chromedp.WaitVisible(".rows a"))
	shot(t, county, "list-390", 390, 844)
	do(t, county, "work on it", chromedp.EmulateViewport(1280, 900), chromedp.Click(".rows a"),
		chromedp.Click(`[data-step="ReceiveConcern"]`), chromedp.WaitVisible(`[data-step="TriageConcern"]`),
		chromedp.Click(`[data-step="TakeConcern"]`), chromedp.WaitVisible(`[data-step="StartAssessment"]`))
	shot(t, county, "matter-1280", 1280, 900)
	shot(t, county, "matter-390", 390, 844)
	do(t, county, "close it", chromedp.EmulateViewport(1280, 900), chromedp.Click(`[data-step="CloseConcern"]`), chromedp.WaitVisible(`textarea[name="feedback"]`),
		chromedp.SendKeys(`textarea[name="feedback"]`, "Sähköt palautettu."), chromedp.Click("form.step button.first"), chromedp.WaitNotPresent(`[data-step]`))
	do(t, kela, "see it closed", chromedp.WaitVisible(`//article//blockquote[contains(., "Sähköt palautettu.")]`, chromedp.BySearch))
	shot(t, kela, "closed-1280", 1280, 900)
}

// Who is signed in stays so when the page is loaded again, until they sign out, here or in
// another window; no script reads by what.
func TestThePageKeepsWhoIsSignedIn(t *testing.T) {
	i := start(t, time.Time{})
	kela := browser(t, 1280, 900)
	signIn(t, kela, i, "kela-17")
	var readable, stored string
	do(t, kela, "load it again", chromedp.Reload(), chromedp.WaitVisible("#new"), chromedp.Evaluate(`document.cookie`, &readable),
		chromedp.Evaluate(`JSON.stringify([localStorage, sessionStorage])`, &stored))
	if readable != "" || stored != "[{},{}]" {
		t.Errorf("scripts can read %q, %s", readable, stored)
	}
	do(t, kela, "sign out in another window", chromedp.Evaluate(`fetch("/session/sign-out", {method: "POST"}).then(() => "")`, &stored, awaited),
		chromedp.Click(`//button[contains(., "Lähetetyt")]`, chromedp.BySearch), chromedp.WaitVisible(`[data-worker="ps-21"]`), chromedp.Text(".error", &readable))
	if !strings.Contains(readable, "Kirjaudu uudelleen") {
		t.Errorf("it says %q", readable)
	}
	shot(t, kela, "ended-1280", 1280, 900)
	shot(t, kela, "ended-390", 390, 844)
	do(t, kela, "sign in and out", chromedp.EmulateViewport(1280, 900), chromedp.Click(`[data-worker="ps-21"]`), chromedp.WaitVisible("#new"),
		chromedp.Click(`//button[contains(., "Kirjaudu ulos")]`, chromedp.BySearch), chromedp.WaitVisible(`[data-worker="ps-21"]`),
		chromedp.Reload(), chromedp.WaitVisible(`[data-worker="ps-21"]`))
}

// Without consent there is no field for a description, and a line says why.
func TestTheFormShowsOnlyWhatTheGroundAllows(t *testing.T) {
	i := start(t, time.Time{})
	kela := browser(t, 390, 844)
	signIn(t, kela, i, "kela-17")
	var described bool
	do(t, kela, "report without consent", chromedp.Click("#new"), chromedp.Click(`input[value="LEGAL_GROUND_STATUTORY_NOTIFICATION"]`),
		chromedp.WaitVisible(`input[name="consentUnobtainable"]`), chromedp.Evaluate(`document.querySelector('textarea[name="description"]') !== null`, &described))
	if described {
		t.Error("a description can be written without consent")
	}
	shot(t, kela, "no-consent-390", 390, 844)
}

// The page hears of changes as they happen; when the line is down it says so, tries
// again, and then shows what it missed.
func TestThePageIsLive(t *testing.T) {
	b := newBench(t)
	line := cut(t, b.address, func() int64 { return -1 })
	county := browser(t, 1280, 900)
	do(t, county, "sign in", chromedp.Navigate(line.address), chromedp.Click(`[data-worker="ps-21"]`), chromedp.WaitVisible("#new"))
	id := submittedID(t, b)
	do(t, county, "is told of a new one, and shows it when asked", chromedp.WaitVisible("#fresh"), chromedp.Click("#fresh"), chromedp.WaitVisible(`[data-id="`+id+`"]`))
	line.down.Store(true)
	line.cutAll()
	do(t, county, "the line is down", chromedp.WaitVisible(".cut"))
	shot(t, county, "cut-1280", 1280, 900)
	shot(t, county, "cut-390", 390, 844)
	if _, err := b.call(b.tokens["county"], concernSvc+"ReceiveConcern", `{"requestId": "`+uuid.NewString()+`", "concernId": "`+id+`"}`); err != nil {
		t.Fatal(err)
	}
	line.down.Store(false)
	do(t, county, "shows what it missed", chromedp.EmulateViewport(1280, 900), chromedp.WaitNotPresent(".cut"),
		chromedp.WaitVisible(`//a[contains(., "vastaanotettu")]`, chromedp.BySearch))
}

func submittedID(t *testing.T, b *bench) string {
	t.Helper()
	answer, err := b.call(b.tokens["kela"], submitCall, report(nil))
	if err != nil {
		t.Fatal(err)
	}
	var submitted struct{ Concern struct{ ConcernID string } }
	if err := json.Unmarshal(answer, &submitted); err != nil {
		t.Fatal(err)
	}
	return submitted.Concern.ConcernID
}
