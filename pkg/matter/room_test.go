package matter_test

import (
	"strings"
	"testing"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// The refusal of a step that does not fit says how much fits and what to do.
func TestExtent(t *testing.T) {
	post := matter.Event{Message: &consultationv1.MessagePosted{Text: strings.Repeat("x", 10_000)}}
	invited := matter.Event{Message: &consultationv1.ParticipantInvited{Snapshot: &consultationv1.ConsultationSnapshot{
		Consultation: &consultationv1.Consultation{Topic: strings.Repeat("x", matter.MaxSnapshot)},
	}}}
	bare := matter.Event{Message: &consultationv1.ParticipantInvited{}}
	var asker matter.Extent
	for asker.Check(0) == nil {
		asker = asker.Disclosed(post, post, false)
	}
	if asker.Bytes > matter.Full+matter.SizeOf(post) || asker.Check(matter.Reserve) != nil {
		t.Errorf("%+v", asker)
	}
	refused := asker.Check(0)
	if fault.ReasonOf(refused) != fault.MatterFull || fault.MetadataOf(refused)["limit_bytes"] == "" || !strings.Contains(refused.Error(), "go on in a new one") {
		t.Errorf("%v %v", refused, fault.MetadataOf(refused))
	}
	var inviter matter.Extent
	for inviter.Check(0) == nil {
		inviter = inviter.Disclosed(invited, bare, false)
	}
	if inviter.Copied > matter.FullCopies+matter.MaxSnapshot+1000 || inviter.Bytes > matter.Full {
		t.Errorf("%+v", inviter)
	}
	if came := (matter.Extent{}).Disclosed(invited, invited, true); came.Bytes < matter.MaxSnapshot || came.Copied != 0 {
		t.Errorf("an invited reader was shown %+v", came)
	}
}
