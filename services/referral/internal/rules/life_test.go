package rules_test

import (
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/referral/internal/rules"
)

// The states that begin with another kind of referral, or continue at a third agency.
const (
	noticeSent, noticeReceived = "SENT, a notice", "RECEIVED, a notice"
	onwardDeclined, redirected = "RECEIVED, declined onward", "REDIRECTED"
)

// lives lead to each state of a referral from kela to hva.
var lives = []rulestest.Life{
	{Name: "SENT"},
	{Name: noticeSent},
	{Name: "RECEIVED", Steps: "receiver ReceiveReferral"},
	{Name: noticeReceived, Steps: "receiver ReceiveReferral"},
	{Name: "RECEIVED, offered onward", Steps: "receiver RedirectReferral"},
	{Name: onwardDeclined},
	{Name: "ACCEPTED", Steps: "receiver AcceptReferral"},
	{Name: "ACCEPTED, offered onward", Steps: "receiver AcceptReferral, receiver RedirectReferral"},
	{Name: "IN_PROGRESS", Steps: "receiver AcceptReferral, receiver ScheduleAppointment"},
	{Name: "IN_PROGRESS, cancellation asked", Steps: "receiver AcceptReferral, sender CancelReferral"},
	{Name: "IN_PROGRESS, cancellation refused", Steps: "receiver AcceptReferral, sender CancelReferral, receiver RefuseCancellation"},
	{Name: "ON_HOLD", Steps: "receiver AcceptReferral, receiver ScheduleAppointment, receiver hold"},
	{Name: "COMPLETED", Steps: "receiver AcceptReferral, receiver CompleteReferral"},
	{Name: "DECLINED", Steps: "receiver DeclineReferral"},
	{Name: "DECLINED, settled", Steps: "receiver DeclineReferral, sender SettleReferral"},
	{Name: redirected},
	{Name: "CANCELLED", Steps: "receiver ReceiveReferral, sender CancelReferral"},
	{Name: "ENTERED_IN_ERROR", Steps: "receiver AcceptReferral, sender RevokeReferral"},
	{Name: "ENTERED_IN_ERROR, acknowledged", Steps: "receiver AcceptReferral, receiver CompleteReferral, sender RevokeReferral, receiver AcknowledgeRevocation"},
}

func begun(t *testing.T, life rulestest.Life) (*base, string) {
	t.Helper()
	kind := service
	if life.Name == noticeSent || life.Name == noticeReceived {
		kind = notice
	}
	w, subject := sent(t, kind)
	if then := map[string]string{onwardDeclined: decline, redirected: accept}[life.Name]; then != "" {
		w.take(t, "hva", subject, redirect)
		w.take(t, "terveys", w.onward(subject), then)
	}
	return w.base, subject
}

// The golden file holds: state × step × role → state or refusal.
func TestLifeTable(t *testing.T) {
	rulestest.LifeTable(t, begun, lives, []rulestest.Actor{
		{Role: "sender", Actor: people["kela"]}, {Role: "receiver", Actor: people["hva"]}, {Role: "stranger", Actor: people["tyo"]},
	}, allSteps, func(r rules.Referral) string { return strings.TrimPrefix(r.State.String(), "REFERRAL_STATE_") })
}

func TestDisclosuresNameWhatExists(t *testing.T) {
	rulestest.DisclosuresNameWhatExists(t, rules.Disclosures, referralv1.File_koppi_referral_v1_events_proto, commonv1.File_koppi_common_v1_contact_proto)
}

func TestEvolveKnowsEveryEvent(t *testing.T) {
	due := time.Unix(1_700_000_000, 0).UTC()
	rulestest.EvolveKnows(t, rulestest.Events(t, referralv1.File_koppi_referral_v1_events_proto, commonv1.File_koppi_common_v1_contact_proto), rules.Referral{
		Head:  matter.Head{Subject: "referrals/z", Due: due},
		State: referralv1.ReferralState_REFERRAL_STATE_RECEIVED, Receiver: &commonv1.Party{Agency: "a"}, CancelBy: due,
		Appointments: []*referralv1.Appointment{{AppointmentId: "x"}}, Onward: rules.Onward{Subject: "referrals/x", Pending: true},
	}, due.Add(time.Hour), rules.Evolve)
}

func TestStepsAreComplete(t *testing.T) {
	service := referralv1.File_koppi_referral_v1_referral_proto.Services().ByName("ReferralService")
	rulestest.StepsAreComplete(t, service, rules.Table.Steps(), allSteps)
}
