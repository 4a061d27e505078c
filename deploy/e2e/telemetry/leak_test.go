package telemetry

import (
	"strings"
	"testing"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
)

// The leak check finds what it looks for in any form, and nothing else.
func TestTheWalkFindsWhatLeaks(t *testing.T) {
	words := testkit.Must(leaktest.Secrets())
	if len(words) < 20 {
		t.Fatalf("only %d words to look for", len(words))
	}
	f := testkit.NewFixture(t)
	for _, leak := range []string{
		"010594Y9032", `{"code":"140391-9021"}`, "/clients/010594y9032/x", "Bearer " + f.Tokens["kela"], "token=" + f.Tokens["client"],
		"Sähköt palautettu, sosiaalityö jatkuu.", "for Testinen", "Voiko lääkityksen muutos selittää poissaolot?",
	} {
		l := testkit.Must(leaktest.NewRecord())
		l.Note(leaktest.URL, "/koppi.concern.v1.ConcernService/GetConcern")
		l.Note(leaktest.Log, `{"cause":"`+leak+`"}`)
		if wrong, err := l.Search(); err != nil || len(wrong) != 1 || !strings.HasPrefix(wrong[0], string(leaktest.Log)) {
			t.Errorf("%.12s: %v %v", leak, wrong, err)
		}
	}
	l := testkit.Must(leaktest.NewRecord())
	for range 100_000 {
		l.Note(leaktest.Log, `{"time":"2026-11-26T09:44:31.123456+0200","id":"019abc12-3456-7890-9021-140391902101","cursor":"AQdjb25jZXJuAQAAAAAAAAAA","eyJ":"eyJx"}`)
	}
	if wrong, err := l.Search(); err != nil || len(wrong) > 0 {
		t.Errorf("what may leave: %v %v", wrong, err)
	}
}

// Every outgoing path is recorded: a call, a refused call and a page.
func TestWhatLeavesIsSeen(t *testing.T) {
	before := map[leaktest.Kind]int{}
	for _, kind := range []leaktest.Kind{leaktest.Log, leaktest.URL, leaktest.Error} {
		before[kind] = leaktest.Count(kind)
	}
	f := testkit.NewFixture(t)
	if _, err := f.Call("", testkit.SubmitCall, testkit.Report(nil)); err == nil {
		t.Error("without a token")
	}
	for kind, count := range before {
		if leaktest.Count(kind) <= count {
			t.Errorf("no %s was seen", kind)
		}
	}
}
