package pages

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
)

// browser is a real Chromium with nobody signed in.
func browser(t *testing.T, width, height int64) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium-headless-shell")
	if err != nil {
		path, err = exec.LookPath("chromium")
	}
	if err != nil {
		t.Fatal("the pages are tested in a browser, and there is none: apt-get install chromium-headless-shell")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		// The pages speak the browser's language.
		chromedp.Flag("lang", "fi"), chromedp.Flag("accept-lang", "fi"),
		chromedp.WindowSize(int(width), int(height)))
	allocated, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	chromedp.ListenTarget(ctx, requested)
	ctx, cancelTime := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(func() {
		cancelTime()
		// Its folder goes with it, once all its processes have ended.
		_ = chromedp.Cancel(ctx)
		cancel()
		cancelAllocator()
	})
	return ctx
}

// requested records the URLs that the browser requests.
func requested(event any) {
	if sent, ok := event.(*network.EventRequestWillBeSent); ok {
		leaktest.Note(leaktest.URL, sent.Request.URL+sent.Request.URLFragment)
	}
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

func signIn(t *testing.T, ctx context.Context, address, worker string) {
	t.Helper()
	do(t, ctx, "sign in as "+worker, chromedp.Navigate(address), chromedp.Click(`[data-person="`+worker+`"]`), chromedp.WaitVisible(begins))
}

// press chooses a step in the menu of a matter. What the page reads meanwhile may move or close the menu:
// then it opens it again.
func press(step string) chromedp.Action {
	return chromedp.Poll(`(() => {
		const step = document.querySelector('[data-step="`+step+`"]');
		if (step?.checkVisibility()) { step.click(); return true; }
		document.querySelector('[data-more][aria-expanded="false"]')?.click();
		return false;
	})()`, nil, chromedp.WithPollingInterval(100*time.Millisecond))
}

// begins is where a report is begun: it is there for whoever is signed in, and works.
const begins = `.begin`

// everybodys is the worklist of an agency: another unit than the county worker's is asked.
const everybodys = "/work?queue=agency"

// stored is all that the page has put into the browser, as a text.
const stored = `JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])`

// A worker stays signed in when the page is reloaded, until signing out in this window or another.
// No script can read the session's secret, and nothing that the page stores contains it.
func TestThePageKeepsWhoIsSignedIn(t *testing.T) {
	i := testkit.Start(t, allinone.Config{})
	kela := browser(t, 1280, 900)
	signIn(t, kela, i.Address, "kela-17")
	var readable, kept string
	do(t, kela, "load it again", chromedp.Reload(), chromedp.WaitVisible(begins), chromedp.Evaluate(`document.cookie`, &readable), chromedp.Evaluate(stored, &kept))
	if readable != "" || leaktest.Find([]byte(kept), testkit.Must(leaktest.Secrets())) != "" || !strings.Contains(kept, "signed in") {
		t.Errorf("scripts can read %q, %s", readable, kept)
	}
	// The page may have learned of it, and have no link any more.
	const elsewhere = `fetch("/session/sign-out", {method: "POST"}).then(() => { document.querySelector('nav a[href="/sent"]')?.click(); return ""; })`
	do(t, kela, "sign out in another window", chromedp.Evaluate(elsewhere, &kept, awaited),
		chromedp.WaitVisible(`[data-person="ps-21"]`), chromedp.Text(".problem", &readable))
	if !strings.Contains(readable, "Kirjaudu uudelleen") {
		t.Errorf("it says %q", readable)
	}
	shot(t, kela, "ended-1280", 1280, 900)
	shot(t, kela, "ended-390", 390, 844)
	do(t, kela, "sign in and out", chromedp.EmulateViewport(1280, 900), chromedp.Click(`[data-person="ps-21"]`), chromedp.WaitVisible(begins),
		chromedp.Click(`//button[contains(., "Kirjaudu ulos")]`, chromedp.BySearch), chromedp.WaitVisible(`[data-person="ps-21"]`),
		chromedp.Reload(), chromedp.WaitVisible(`[data-person="ps-21"]`), chromedp.Evaluate(stored, &kept))
	if strings.Contains(kept, "signed in") {
		t.Errorf("after signing out it keeps %s", kept)
	}
}

// A draft survives a reload, in this tab only, and is deleted when its writer signs out.
func TestDraftsGoWithTheirWriter(t *testing.T) {
	const words = "Kuntoutuksen jatko sovittu."
	f := testkit.NewFixture(t)
	id := f.SubmitReport()
	if _, err := f.Call(f.Tokens["county"], testkit.ConcernService+"TakeConcern", `{"requestId": "`+uuid.NewString()+`", "concernId": "`+id+`"}`); err != nil {
		t.Fatal(err)
	}
	county := browser(t, 1280, 900)
	signIn(t, county, f.Address, "ps-21")
	const feedback = `form[data-form="CloseConcernRequest"] textarea`
	var kept, typed string
	do(t, county, "write, and load it again", chromedp.Click(`a.row[data-subject="concerns/`+id+`"]`), press("CloseConcern"), chromedp.SendKeys(feedback, words),
		chromedp.Reload(), press("CloseConcern"), chromedp.Value(feedback, &typed), chromedp.Evaluate(stored, &kept))
	if typed != words || !strings.Contains(kept, words) {
		t.Errorf("of what was typed it has %q, and keeps %s", typed, kept)
	}
	// What outlives the tab comes first, and what does not in no order of its own.
	var stores [2]json.RawMessage
	if err := json.Unmarshal([]byte(kept), &stores); err != nil || strings.Contains(string(stores[0]), words) {
		t.Errorf("it is kept longer than the tab is open: %s %v", stores[0], err)
	}
	do(t, county, "sign out", chromedp.Click(`//button[contains(., "Kirjaudu ulos")]`, chromedp.BySearch), chromedp.WaitVisible(`[data-person="ps-21"]`), chromedp.Evaluate(stored, &kept))
	if strings.Contains(kept, "Kuntoutuksen") {
		t.Errorf("after signing out it keeps %s", kept)
	}
}

// No URL contains what a person types or reads: not the page's own, which stays in the browser's
// history, and none that it requests.
func TestAddressesSayNothing(t *testing.T) {
	f := testkit.NewFixture(t)
	id := f.SubmitReport()
	county := browser(t, 1280, 900)
	asked := leaktest.Count(leaktest.URL)
	signIn(t, county, f.Address, "ps-21")
	var searched, opened string
	do(t, county, "search, and open", chromedp.Navigate(f.Address+everybodys), chromedp.WaitVisible(`a.row`), chromedp.SendKeys(`input[type="text"], input[type="search"]`, "vuokrarästi"), chromedp.WaitVisible(`a.row`), chromedp.Location(&searched),
		chromedp.Click(`a.row[data-subject="concerns/`+id+`"]`), chromedp.WaitVisible(`[data-step="ReceiveConcern"]`), chromedp.Location(&opened))
	for _, at := range []string{searched, opened} {
		leaktest.Note(leaktest.URL, at)
		if strings.Contains(at, "vuokra") {
			t.Errorf("the search is in the address: %s", at)
		}
	}
	if !strings.HasPrefix(opened, f.Address+"/work/concerns/"+id) {
		t.Errorf("the matter stands at %s", opened)
	}
	if leaktest.Count(leaktest.URL) < asked+5 {
		t.Error("what the page asks for is not seen")
	}
}

// The page shows changes as they happen. When the connection is lost it says so, reconnects, and
// then shows what it missed.
func TestThePageIsLive(t *testing.T) {
	f := testkit.NewFixture(t)
	line := testkit.NewProxy(t, f.Address, func() int64 { return -1 })
	county := browser(t, 1280, 900)
	signIn(t, county, line.Address, "ps-21")
	// Nothing has come yet, so that what comes is new.
	do(t, county, "an empty list", chromedp.Navigate(line.Address+everybodys), chromedp.WaitVisible(`//section[contains(., "Mikään ei odota sinua.")]`, chromedp.BySearch))
	id := f.SubmitReport()
	row := `a.row[data-subject="concerns/` + id + `"]`
	do(t, county, "is told of a new one, and shows it when asked", chromedp.WaitVisible("button.fresh"), chromedp.Click("button.fresh"), chromedp.WaitVisible(row))
	line.Down.Store(true)
	line.CutAll()
	do(t, county, "the line is down", chromedp.WaitVisible(".connection-down"))
	shot(t, county, "cut-1280", 1280, 900)
	shot(t, county, "cut-390", 390, 844)
	if _, err := f.Call(f.Tokens["county"], testkit.ConcernService+"ReceiveConcern", `{"requestId": "`+uuid.NewString()+`", "concernId": "`+id+`"}`); err != nil {
		t.Fatal(err)
	}
	line.Down.Store(false)
	do(t, county, "shows what it missed", chromedp.EmulateViewport(1280, 900), chromedp.WaitNotPresent(".connection-down"),
		chromedp.WaitVisible(`//button[@data-filter="fresh"][contains(., "0")]`, chromedp.BySearch))
}
