package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
)

// A report about the wrong person is revoked on the page; whoever has it open sees what
// was in it vanish, and says that it has removed its copy.
func TestEnteredInErrorOnThePage(t *testing.T) {
	b := newBench(t)
	id := submittedID(t, b)
	if _, err := b.call(b.tokens["county"], concernSvc+"TakeConcern", `{"requestId": "`+uuid.NewString()+`", "concernId": "`+id+`"}`); err != nil {
		t.Fatal(err)
	}
	kela, county := browser(t, 1280, 900), browser(t, 1280, 900)
	signIn(t, county, b.instance, "ps-21")
	do(t, county, "open it", chromedp.WaitVisible(".rows a"), chromedp.Click(".rows a"), chromedp.WaitVisible(`[data-step="StartAssessment"]`))
	signIn(t, kela, b.instance, "kela-17")
	do(t, kela, "revoke it", chromedp.WaitVisible(".rows a"), chromedp.Click(".rows a"), chromedp.Click(`[data-step="RevokeConcern"]`), chromedp.WaitVisible(`input[name="reason"]`))
	shot(t, kela, "revoke-1280", 1280, 900)
	shot(t, kela, "revoke-390", 390, 844)
	do(t, kela, "with a reason", chromedp.EmulateViewport(1280, 900), chromedp.SendKeys(`input[name="reason"]`, "Toisen henkilön tunnus."),
		chromedp.Click("form.step button.first"), chromedp.WaitVisible(`//strong[contains(., "Kirjattu virheellisesti")]`, chromedp.BySearch))
	var topics bool
	do(t, county, "see it vanish", chromedp.WaitVisible(`[data-step="AcknowledgeRevocation"]`), chromedp.Evaluate(`document.body.innerText.includes("vuokrarästi")`, &topics))
	if topics {
		t.Error("the page still shows what was entered in error")
	}
	do(t, county, "acknowledge", chromedp.Click(`[data-step="AcknowledgeRevocation"]`), chromedp.WaitVisible("form.step"))
	shot(t, county, "acknowledge-1280", 1280, 900)
	shot(t, county, "acknowledge-390", 390, 844)
	do(t, county, "and say so", chromedp.EmulateViewport(1280, 900), chromedp.Click("form.step button.first"), chromedp.WaitNotPresent(`[data-step]`))
	shot(t, county, "removed-1280", 1280, 900)
}
