package rules_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command/rulestest"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// book schedules an appointment in so many hours.
func (w *fixture) book(t *testing.T, subject string, hours int) {
	t.Helper()
	rulestest.Must(t, w.try("hva", subject, &referralv1.ScheduleAppointmentRequest{
		At: timestamppb.New(w.Now.Add(time.Duration(hours) * time.Hour)), Place: "asema",
	}))
}

// The client is told one thing to expect in each state, and from whom.
func TestClientKnowsWhatToExpect(t *testing.T) {
	type steps = func(w *fixture, r string)
	hva := func(names ...string) steps {
		return func(w *fixture, r string) {
			for _, name := range names {
				w.take(t, "hva", r, name)
			}
		}
	}
	then := func(first, second steps) steps {
		return func(w *fixture, r string) { first(w, r); second(w, r) }
	}
	later := func(hours int) steps { return func(w *fixture, _ string) { w.Pass(time.Duration(hours) * time.Hour) } }
	kela := func(step string) steps { return func(w *fixture, r string) { w.take(t, "kela", r, step) } }
	booked := func(w *fixture, r string) { w.book(t, r, 72); w.book(t, r, 48) }
	for name, test := range map[string]struct {
		kind  referralv1.ReferralKind
		steps steps
		want  string
	}{
		"sent":                 {service, hva(), "OPENING by 26.11.2026 23.59 from kela/toimeentulotuki"},
		"late":                 {service, later(24 * 9), "OPENING by 26.11.2026 23.59 from kela/toimeentulotuki, late"},
		"received":             {service, hva(receive), "DECISION by 30.11.2026 23.59 from kela/toimeentulotuki"},
		"accepted":             {service, hva(accept), "WORD by 23.12.2026 23.59 from hva/tyoikaiset"},
		"in progress":          {service, hva(accept, note), "WORD by 23.12.2026 23.59 from hva/tyoikaiset"},
		"on hold":              {service, hva(accept, hold), "YOUR_ANSWER from hva/tyoikaiset"},
		"on hold for long":     {service, then(hva(accept, hold), later(24*60)), "YOUR_ANSWER from hva/tyoikaiset"},
		"booked":               {service, then(hva(accept), booked), "APPOINTMENT by 25.11.2026 09.00 from hva/tyoikaiset"},
		"after the first":      {service, then(then(hva(accept), booked), later(49)), "APPOINTMENT by 26.11.2026 09.00 from hva/tyoikaiset"},
		"after both":           {service, then(then(hva(accept), booked), later(73)), "WORD by 23.12.2026 23.59 from hva/tyoikaiset"},
		"booked, on hold":      {service, then(then(hva(accept), booked), hva(hold)), "YOUR_ANSWER from hva/tyoikaiset"},
		"no show":              {service, hva(accept, schedule, result), "WORD by 26.11.2026 23.59 from hva/tyoikaiset"},
		"contact planned":      {service, hva(accept, contact), "APPOINTMENT by 23.11.2026 10.00 from hva/tyoikaiset"},
		"offered onward":       {service, hva(redirect), "OTHERS_ANSWER by 26.11.2026 23.59 from kela/toimeentulotuki"},
		"cancellation asked":   {service, then(hva(accept, hold), kela(cancel)), "DECISION by 26.11.2026 23.59 from hva/tyoikaiset"},
		"cancellation refused": {service, then(then(hva(accept), kela(cancel)), hva(refuse)), "WORD by 23.12.2026 23.59 from hva/tyoikaiset"},
		"declined":             {service, hva(decline), "DECISION by 26.11.2026 23.59 from kela/toimeentulotuki"},
		"settled":              {service, then(hva(decline), kela(settle)), "NOTHING"},
		"completed":            {service, hva(accept, complete), "NOTHING"},
		"cancelled":            {service, kela(cancel), "NOTHING"},
		"entered in error":     {service, kela(revoke), "NOTHING"},
		"consent withdrawn":    {service, func(w *fixture, r string) { rulestest.Must(t, w.Withdraw("", r)) }, "NOTHING"},
		"moved":                {transfer, hva(), "OPENING by 26.11.2026 23.59 from kela/toimeentulotuki"},
		"moved, received":      {transfer, hva(receive), "DECISION by 2.12.2026 23.59 from kela/toimeentulotuki"},
		"moved, accepted":      {transfer, hva(accept), "DECISION by 2.12.2026 23.59 from hva/tyoikaiset"},
		"moved, late":          {transfer, then(hva(accept), later(24*12)), "DECISION by 2.12.2026 23.59 from hva/tyoikaiset, late"},
		"moved, on hold":       {transfer, hva(accept, hold), "YOUR_ANSWER from hva/tyoikaiset"},
		"moved, declined":      {transfer, hva(decline), "DECISION by 26.11.2026 23.59 from kela/toimeentulotuki"},
		"notice":               {notice, hva(receive), "WORD by 30.11.2026 23.59 from kela/toimeentulotuki"},
		"notice, read":         {notice, hva(complete), "NOTHING"},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := sent(t, test.kind)
			test.steps(w, r)
			w.ExpectClient(t, r, test.want)
		})
	}
}
