package people

import (
	"testing"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// reads are the reasons for which somebody does not read each of the matters.
func (w *world) reads(who string, m matters) map[string]fault.Reason {
	ctx := w.As(who)
	return map[string]fault.Reason{
		"concern":      fault.ReasonOf(testkit.Refusal(w.concerns.GetConcern(ctx, &concernv1.GetConcernRequest{ConcernId: m.concern.GetConcernId()}))),
		"referral":     fault.ReasonOf(testkit.Refusal(w.referrals.GetReferral(ctx, &referralv1.GetReferralRequest{ReferralId: m.referral.GetReferralId()}))),
		"consultation": fault.ReasonOf(testkit.Refusal(w.consultations.GetConsultation(ctx, &consultationv1.GetConsultationRequest{ConsultationId: m.consultation.GetConsultationId()}))),
		"plan":         fault.ReasonOf(testkit.Refusal(w.plans.GetPlan(ctx, &planv1.GetPlanRequest{PlanId: m.plan.GetPlanId()}))),
	}
}

// Who reads: the unit, another unit of its area, a worker whom the matter names wherever it works now, the
// agency's system, and all of an agency that does not read by unit. Another unit, and a worker without a
// unit, find nothing.
func TestWhoReads(t *testing.T) {
	w := open(t)
	to, from := w.told(w.As("clinic"), clinic, testkit.Anna()), w.tells(w.As("clinic"), testkit.Anna())
	for _, m := range []matters{to, from} {
		for _, who := range []string{"clinic", "clinic second", "health system"} {
			for service, reason := range w.reads(who, m) {
				if reason != "" {
					t.Errorf("%s does not read the %s: %s", who, service, reason)
				}
			}
		}
		for _, who := range []string{"nurse", "no unit"} {
			for service, reason := range w.reads(who, m) {
				if reason != fault.NotFound {
					t.Errorf("%s reads the %s: %q", who, service, reason)
				}
			}
		}
		// The county's unit in Kuopio is a party to all but Kela's report; the one in the south is of its area.
		kuopio, south := w.reads("county", m), w.reads("county south", m)
		for service, reason := range south {
			if reason != kuopio[service] || service == "referral" && reason != "" {
				t.Errorf("of the %s: %q in Kuopio, %q in the south", service, kuopio[service], reason)
			}
		}
	}
	for service, reason := range w.reads("clinic moved", to) {
		// The plan names nobody of the clinic.
		if named := service != "plan"; named != (reason == "") {
			t.Errorf("the worker who moved reads the %s: %q", service, reason)
		}
	}
	for _, who := range []string{"kela", "kela colleague", "system"} {
		if reason := w.reads(who, to)["concern"]; reason != "" {
			t.Errorf("%s does not read Kela's report: %s", who, reason)
		}
	}
}

// A worker begins no matter in the case of another unit, also about the same client whom the worker names by
// identity code; the case is as unknown as one that does not exist.
func TestCaseOfAnotherUnit(t *testing.T) {
	w := open(t)
	nurse := w.As("nurse")
	own, outside := w.told(nurse, testkit.Health, testkit.ClientOf(bertta)), w.told(w.As("clinic"), clinic, testkit.Anna())
	for name, client := range map[string]string{"the client of the case": testkit.AnnaCode, "another client": bertta} {
		var refused []string
		for _, one := range []string{outside.concern.GetCaseId(), "AAAA" + outside.concern.GetCaseId()[4:], own.referral.GetCaseId()} {
			r := testkit.Submission()
			r.Client, r.CaseId = testkit.ClientOf(client), one
			_, err := w.concerns.SubmitConcern(nurse, r)
			switch {
			case one == own.referral.GetCaseId() && client == bertta:
				if err != nil {
					t.Errorf("in a case of the own unit: %v", err)
				}
			case fault.ReasonOf(err) != fault.InvalidField:
				t.Errorf("of %s, in a case that is not the unit's: %v", name, err)
			default:
				refused = append(refused, err.Error())
			}
		}
		if len(refused) < 2 || refused[0] != refused[1] {
			t.Errorf("of %s: %q", name, refused)
		}
	}
	r := testkit.Submission()
	r.Client, r.CaseId = testkit.Anna(), outside.concern.GetCaseId()
	if _, err := w.concerns.SubmitConcern(w.As("clinic second"), r); err != nil {
		t.Errorf("the unit, in its own case: %v", err)
	}
}

// A worker names no upload of another worker, which may be of a matter that the worker may not read.
func TestUploadOfAnotherUnit(t *testing.T) {
	w := open(t)
	nurse := w.As("nurse")
	own := w.told(nurse, testkit.Health, testkit.ClientOf(bertta))
	note := func(attachment string) error {
		return testkit.Refusal(w.referrals.AddProgressNote(nurse, &referralv1.AddProgressNoteRequest{
			RequestId: id(), ReferralId: own.referral.GetReferralId(), Text: "Liite.", AttachmentIds: []string{attachment},
		}))
	}
	waits := testkit.Must(w.attachments.StartUpload(w.As("clinic"), &attachmentv1.StartUploadRequest{RequestId: id(), Filename: "a.pdf", MediaType: "application/pdf", SizeBytes: 9})).GetAttachmentId()
	named := w.tells(w.As("clinic"), testkit.Anna()).attachment
	none := note(id())
	for name, attachment := range map[string]string{
		"finished": testkit.Upload(t, w.As("clinic"), w.attachments, testkit.PDF(800)).GetAttachmentId(), "unfinished": waits, "of another client": named,
	} {
		if err := note(attachment); fault.ReasonOf(err) != fault.AttachmentUnavailable || err.Error() != none.Error() {
			t.Errorf("%s: %v, and of none %v", name, err, none)
		}
	}
	for _, who := range []string{"nurse", "health system"} {
		if err := note(testkit.Upload(t, w.As(who), w.attachments, testkit.PDF(900)).GetAttachmentId()); err != nil {
			t.Errorf("uploaded by %s: %v", who, err)
		}
	}
}

// A worker who may read one matter of a client here, or whose unit is named in a directive, reads the client's
// directives, but not in which matters of another unit they were used.
func TestDirectivesOfAnotherUnit(t *testing.T) {
	w := open(t)
	to := w.told(w.As("clinic"), clinic, testkit.Anna())
	made := w.directs(w.As("clinic"))
	asked := func(who string) *consentv1.Wishes {
		return testkit.Must(w.consents.ListWishes(w.As(who), &consentv1.ListWishesRequest{ClientId: to.concern.GetClientId(), Purpose: "Hoito"})).GetWishes()
	}
	sent := testkit.Must(w.referrals.SendReferral(w.As("clinic"), &referralv1.SendReferralRequest{
		RequestId: id(), Client: testkit.Anna(), Receiver: testkit.Kela, Basis: &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "703/2023 § 53", ConsentId: made.consent}, Kind: 1, Reason: "Tuki.", Urgency: 2,
	})).GetReferral()
	if read := asked("clinic second"); len(read.GetConsents()) != 1 || len(read.GetConsents()[0].GetCitedIn()) != 1 || len(read.GetOverrides()) != 1 || len(read.GetWaiting()) != 1 {
		t.Errorf("the unit reads %v", read)
	}
	if read := asked("nurse"); len(read.GetConsents())+len(read.GetOverrides())+len(read.GetWaiting())+len(read.GetBlocked()) > 0 {
		t.Errorf("another unit reads %v", read)
	}
	w.refer(w.As("nurse"), testkit.County, testkit.Anna())
	read := asked("nurse")
	if len(read.GetConsents()) != 1 || read.GetConsents()[0].GetConsentId() != made.consent {
		t.Fatalf("with a matter of the client, another unit reads %v", read)
	}
	if cited := read.GetConsents()[0].GetCitedIn(); len(cited) != 0 {
		t.Errorf("another unit reads that the consent was cited in %v, such as %s", cited, sent.GetReferralId())
	}
}

// The count of a receiver's earlier concerns leaves out those that the receiving unit may not read.
func TestEarlierConcernsOfAnotherUnit(t *testing.T) {
	w := open(t)
	kela := w.As("kela")
	first := w.report(kela, clinic, testkit.Anna())
	testkit.Insist(t, w.As("clinic"), w.concerns.DeclineConcern, &concernv1.DeclineConcernRequest{RequestId: id(), ConcernId: first.GetConcernId(), Reason: 1, Explanation: "Ei meille."})
	for _, one := range []struct {
		who  string
		unit *commonv1.Party
		want int32
	}{{"nurse", testkit.Health, 0}, {"clinic", clinic, 1}} {
		made := w.report(kela, one.unit, testkit.Anna())
		got := testkit.Must(w.concerns.GetConcern(w.As(one.who), &concernv1.GetConcernRequest{ConcernId: made.GetConcernId()})).GetConcern()
		if got.GetEarlierConcerns() != one.want {
			t.Errorf("%s: %d earlier concerns, want %d", one.who, got.GetEarlierConcerns(), one.want)
		}
		testkit.Insist(t, w.As(one.who), w.concerns.DeclineConcern, &concernv1.DeclineConcernRequest{RequestId: id(), ConcernId: made.GetConcernId(), Reason: 1, Explanation: "Ei meille."})
	}
}
