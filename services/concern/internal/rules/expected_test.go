package rules_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// attempt records an attempt to contact the client; the next one is in so many hours, if in any.
func (w *fixture) attempt(t *testing.T, subject string, result concernv1.ContactResult, hours int) {
	t.Helper()
	r := &concernv1.RecordContactAttemptRequest{Result: result}
	if hours > 0 {
		r.NextAttemptAt = timestamppb.New(w.Now.Add(time.Duration(hours) * time.Hour))
	}
	must(t, w.step("hva", subject, r))
}

// The client is told one thing to expect in each state, and from whom.
func TestClientKnowsWhatToExpect(t *testing.T) {
	const (
		reached    = concernv1.ContactResult_CONTACT_RESULT_REACHED
		notReached = concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED
		noShow     = concernv1.ContactResult_CONTACT_RESULT_NO_SHOW
		declined   = concernv1.ContactResult_CONTACT_RESULT_DECLINED_HELP
	)
	type steps = func(w *fixture, c string)
	hva := func(names ...string) steps {
		return func(w *fixture, c string) {
			for _, name := range names {
				w.take(t, "hva", c, name)
			}
		}
	}
	attempted := func(result concernv1.ContactResult, hours int, before ...string) steps {
		return func(w *fixture, c string) { hva(before...)(w, c); w.attempt(t, c, result, hours) }
	}
	later := func(first steps, hours int) steps {
		return func(w *fixture, c string) { first(w, c); w.Pass(time.Duration(hours) * time.Hour) }
	}
	for name, test := range map[string]struct {
		steps steps
		want  string
	}{
		"submitted":          {hva(), "OPENING by 26.11.2026 23.59 from kela/toimeentulotuki"},
		"late":               {later(hva(), 24*9), "OPENING by 26.11.2026 23.59 from kela/toimeentulotuki, late"},
		"received":           {hva(receive), "CONTACT by 2.12.2026 23.59 from hva/intake"},
		"urgent":             {hva(receive, triage), "CONTACT by 24.11.2026 23.59 from hva/intake"},
		"taken":              {hva(take), "CONTACT by 2.12.2026 23.59 from hva/tyoikaiset"},
		"not reached":        {attempted(notReached, 0, take), "CONTACT by 2.12.2026 23.59 from hva/tyoikaiset"},
		"no show":            {attempted(noShow, 0, take), "CONTACT by 2.12.2026 23.59 from hva/tyoikaiset"},
		"next attempt":       {attempted(notReached, 24, take), "CONTACT by 24.11.2026 09.00 from hva/tyoikaiset"},
		"reached":            {attempted(reached, 0, take), "ASSESSMENT by 2.12.2026 23.59 from hva/tyoikaiset"},
		"reached, again":     {attempted(reached, 24, take), "APPOINTMENT by 24.11.2026 09.00 from hva/tyoikaiset"},
		"again, late":        {later(attempted(reached, 24, take), 25), "APPOINTMENT by 24.11.2026 09.00 from hva/tyoikaiset, late"},
		"no help wanted":     {attempted(declined, 0, take), "WORD by 2.12.2026 23.59 from hva/tyoikaiset"},
		"contact planned":    {hva(take, "PlanContact"), "APPOINTMENT by 23.11.2026 10.00 from hva/tyoikaiset"},
		"planned, late":      {later(hva(take, "PlanContact"), 2), "APPOINTMENT by 23.11.2026 10.00 from hva/tyoikaiset, late"},
		"planned, lapsed":    {later(hva(take, "PlanContact"), 26), "CONTACT by 2.12.2026 23.59 from hva/tyoikaiset"},
		"asked":              {hva(take, ask), "OTHERS_ANSWER by 26.11.2026 23.59 from hva/tyoikaiset"},
		"offered":            {hva(take, forward), "OTHERS_ANSWER by 26.11.2026 23.59 from hva/tyoikaiset"},
		"in assessment":      {hva(take, assess), "ASSESSMENT by 23.2.2027 23.59 from hva/tyoikaiset"},
		"assessing, next":    {attempted(notReached, 24, take, assess), "CONTACT by 24.11.2026 09.00 from hva/tyoikaiset"},
		"assessed":           {hva(take, assess, assessed), "DECISION by 23.2.2027 23.59 from hva/tyoikaiset"},
		"assessed, reached":  {attempted(reached, 0, take, assess, assessed), "DECISION by 23.2.2027 23.59 from hva/tyoikaiset"},
		"declined":           {hva(decline), "DECISION by 26.11.2026 23.59 from kela/toimeentulotuki"},
		"closed":             {hva(take, closing), "NOTHING"},
		"withdrawn":          {func(w *fixture, c string) { w.take(t, "kela", c, withdraw) }, "NOTHING"},
		"entered in error":   {func(w *fixture, c string) { w.take(t, "kela", c, revoke) }, "NOTHING"},
		"consent withdrawn":  {func(w *fixture, c string) { must(t, w.Withdraw("", c)) }, "OPENING by 26.11.2026 23.59 from kela/toimeentulotuki"},
		"settled":            {func(w *fixture, c string) { w.take(t, "hva", c, decline); w.take(t, "kela", c, settle) }, "NOTHING"},
		"answered":           {func(w *fixture, c string) { hva(take, ask)(w, c); w.take(t, "kela", c, "ProvideInformation") }, "CONTACT by 2.12.2026 23.59 from hva/tyoikaiset"},
		"planned and asked":  {hva(take, "PlanContact", ask), "APPOINTMENT by 23.11.2026 10.00 from hva/tyoikaiset"},
		"planned, then next": {attempted(notReached, 3, take, "PlanContact"), "CONTACT by 23.11.2026 12.00 from hva/tyoikaiset"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture()
			c, err := w.submit("kela", "hva", "bo", consent(w.Now))
			must(t, err)
			test.steps(w, c)
			w.ExpectClient(t, c, test.want)
		})
	}
}

// To a client that is no client of social services the law names no day for a decision; and of a report
// that joined another, the client is told as of a report of its own.
func TestClientKnowsWhatToExpectElsewhere(t *testing.T) {
	w := newFixture()
	c, err := w.submit("kela", "terveys", "bo", consent(w.Now))
	must(t, err)
	for _, step := range []string{take, assess, assessed} {
		w.take(t, "terveys", c, step)
	}
	w.ExpectClient(t, c, "WORD by 23.2.2027 23.59 from terveys/asema")
	second, err := w.submit("tyo", "terveys", "bo", consent(w.Now))
	must(t, err)
	w.ExpectClient(t, second, "OPENING by 26.11.2026 23.59 from tyo/palvelut")
}

// A client who was reached last is never told that somebody must make contact.
func checkReached(t *rapid.T, w *base, changed map[string]matter.History[rules.Concern]) {
	for subject, history := range changed {
		view := w.Rules.ForClient(history.Events)
		told := w.Rules.ClientStatus(view, w.Now)
		if told.GetExpect() != commonv1.ClientExpectation_CLIENT_EXPECTATION_CONTACT {
			continue
		}
		for _, attempt := range view.State.Attempts[max(0, len(view.State.Attempts)-1):] {
			switch attempt.GetResult() {
			case concernv1.ContactResult_CONTACT_RESULT_REACHED, concernv1.ContactResult_CONTACT_RESULT_DECLINED_HELP:
				t.Fatalf("%s: the client was reached, and is told %v", subject, told)
			}
		}
	}
}
