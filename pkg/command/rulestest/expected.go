package rulestest

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// checkClient checks that the client of an open matter is told exactly one thing to expect, and from
// which unit; of an ended one that there is nothing; and that no other reader is told anything.
func (w *Fixture[S, F]) checkClient(t *rapid.T, subject string, history matter.History[S]) {
	for agency, view := range history.Views {
		if told := w.Rules.ClientStatus(view, w.Now); told != nil {
			t.Fatalf("%s is told what the client of %s can expect: %v", agency, subject, told)
		}
	}
	// A snapshot is of the type that the client reads.
	last := history.Events[len(history.Events)-1].Message
	if field := last.ProtoReflect().Descriptor().Fields().ByName("snapshot"); field != nil && strings.Contains(fmt.Sprint(last), "client_status") {
		t.Fatalf("%s tells a party what the client of %s can expect", matter.NameOf(last), subject)
	}
	if history.State.Common().Client == "" {
		return
	}
	view := w.Rules.ForClient(history.Events)
	told, ended := w.Rules.ClientStatus(view, w.Now), view.State.Common().Ended()
	status := w.Rules.Status(view.State, view.Reader)
	switch {
	case ended != (told.GetExpect() == commonv1.ClientExpectation_CLIENT_EXPECTATION_NOTHING) || told.GetExpect() == 0:
		t.Fatalf("%s in %s: the client is told %v", subject, status.GetPhase(), told)
	case told.GetLate() != (told.GetBy() != nil && !told.GetBy().AsTime().After(w.Now)):
		t.Fatalf("%s at %s: the client is told %v", subject, w.Now, told)
	case ended && (told.GetBy() != nil || told.GetContact() != nil):
		t.Fatalf("%s has ended and the client is told %v", subject, told)
	case !ended && place(told.GetContact().GetParty()) != place(matter.UnitAlone(status.GetResponsible())):
		t.Fatalf("%s: the client is told %v, while %v is responsible", subject, told, status.GetResponsible())
	}
}

// ExpectClient fails the test if the client of a matter is told something else than, for example,
// "CONTACT by 2.12.2026 23.59 from hva/tyoikaiset", with ", late" at the end if the time has passed.
func (w *Fixture[S, F]) ExpectClient(t testing.TB, subject, want string) {
	t.Helper()
	told := w.Rules.ClientStatus(w.Rules.ForClient(w.Histories[subject].Events), w.Now)
	got := strings.TrimPrefix(told.GetExpect().String(), "CLIENT_EXPECTATION_")
	if told.GetBy() != nil {
		got += " by " + told.GetBy().AsTime().In(matter.Helsinki()).Format("2.1.2006 15.04")
	}
	if told.GetContact() != nil {
		got += " from " + place(told.GetContact().GetParty())
	}
	if told.GetLate() {
		got += ", late"
	}
	if got != want {
		t.Errorf("the client is told %s; want %s", got, want)
	}
}

// place names a party's unit, and its worker if there is one.
func place(party *commonv1.Party) string {
	return strings.TrimSuffix(party.GetAgency()+"/"+party.GetUnit()+"/"+party.GetWorker(), "/")
}
