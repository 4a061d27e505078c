package rules_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/decide/decidetest"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/referral/internal/rules"
)

// lives are ways into each state of a referral from kela to hva.
var lives = []struct {
	name  string
	kind  referralv1.ReferralKind
	steps []string
	// then what the third agency does with what was redirected to it.
	then string
}{
	{name: "SENT"},
	{name: "SENT, a notice", kind: notice},
	{name: "RECEIVED", steps: []string{receive}},
	{name: "RECEIVED, a notice", kind: notice, steps: []string{receive}},
	{name: "RECEIVED, offered onward", steps: []string{redirect}},
	{name: "RECEIVED, declined onward", steps: []string{redirect}, then: decline},
	{name: "ACCEPTED", steps: []string{accept}},
	{name: "ACCEPTED, offered onward", steps: []string{accept, redirect}},
	{name: "IN_PROGRESS", steps: []string{accept, schedule}},
	{name: "IN_PROGRESS, cancellation asked", steps: []string{accept, cancel}},
	{name: "IN_PROGRESS, cancellation refused", steps: []string{accept, cancel, refuse}},
	{name: "ON_HOLD", steps: []string{accept, schedule, hold}},
	{name: "COMPLETED", steps: []string{accept, complete}},
	{name: "DECLINED", steps: []string{decline}},
	{name: "DECLINED, settled", steps: []string{decline, settle}},
	{name: "REDIRECTED", steps: []string{redirect}, then: accept},
	{name: "CANCELLED", steps: []string{receive, cancel}},
	{name: "ENTERED_IN_ERROR", steps: []string{accept, revoke}},
	{name: "ENTERED_IN_ERROR, acknowledged", steps: []string{accept, complete, revoke, acknowledge}},
}

// A referral's whole life: state × step × role → state or refusal.
func TestLifeTable(t *testing.T) {
	var all []decidetest.Life[rules.Referral, rules.Facts]
	for _, one := range lives {
		all = append(all, decidetest.Life[rules.Referral, rules.Facts]{Name: one.name, Live: func(t *testing.T) (*plain, string) {
			w, subject := sent(t, max(one.kind, service))
			for _, step := range one.steps {
				who := "hva"
				if slices.Contains([]string{cancel, settle, revoke}, step) {
					who = "kela"
				}
				w.take(t, who, subject, step)
			}
			if one.then != "" {
				w.take(t, "terveys", w.onward(subject), one.then)
			}
			return w.plain, subject
		}})
	}
	actors := []decidetest.Actor{{Role: "sender", Actor: people["kela"]}, {Role: "receiver", Actor: people["hva"]}, {Role: "stranger", Actor: people["tyo"]}}
	decidetest.LifeTable(t, all, actors, allSteps, func(w *plain, subject, step string, actor loop.Actor) rules.Command {
		return command(actor, subject, requests(w, subject, "tyo")[step])
	}, func(r rules.Referral) string { return strings.TrimPrefix(r.State.String(), "REFERRAL_STATE_") })
}

// What each reader is told of each event: a lawyer reads this file.
func TestDisclosureTable(t *testing.T) {
	view := rules.Referral{
		Head:  loop.Head{Subject: "referrals/x", Due: time.Unix(1_800_000_000, 0), Phase: commonv1.LoopPhase_LOOP_PHASE_SENT, Sender: &commonv1.Party{Agency: "kela"}},
		State: referralv1.ReferralState_REFERRAL_STATE_SENT, Receiver: &commonv1.Party{Agency: "hva"}, Holder: &commonv1.Party{Agency: "hva"},
	}
	events := decidetest.Events(t, referralv1.File_koppi_referral_v1_events_proto)
	decidetest.DisclosureTable(t, events, []decidetest.Reader{
		{Name: "receiver", Reader: loop.Reader{Agency: "hva", Role: loop.RoleReceiver}, View: view},
		{Name: "sender", Reader: loop.Reader{Agency: "kela", Role: loop.RoleSender}, View: view},
		{Name: "first sender", Reader: loop.Reader{Agency: "tyo", Role: loop.RoleParticipant}, View: view},
		{Name: "client", Reader: loop.Reader{Role: loop.RoleClient}, View: view},
	}, rules.Disclose)
}

func TestDisclosuresNameWhatExists(t *testing.T) {
	decidetest.DisclosuresNameWhatExists(t, referralv1.File_koppi_referral_v1_events_proto, rules.Disclosures)
}

func TestEvolveKnowsEveryEvent(t *testing.T) {
	due := time.Unix(1_700_000_000, 0).UTC()
	decidetest.EvolveKnows(t, decidetest.Events(t, referralv1.File_koppi_referral_v1_events_proto), rules.Referral{
		Head:  loop.Head{Subject: "referrals/z", Due: due},
		State: referralv1.ReferralState_REFERRAL_STATE_RECEIVED, Receiver: &commonv1.Party{Agency: "a"}, CancelBy: due,
		Appointments: []*referralv1.Appointment{{AppointmentId: "x"}}, Onward: rules.Onward{Subject: "referrals/x", Pending: true},
	}, due.Add(time.Hour), rules.Evolve)
}
