package rules_test

import (
	"testing"
	"time"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

func TestDisclosuresNameWhatExists(t *testing.T) {
	rulestest.DisclosuresNameWhatExists(t, rules.Disclosures, concernv1.File_koppi_concern_v1_events_proto, commonv1.File_koppi_common_v1_contact_proto, commonv1.File_koppi_common_v1_appointment_proto)
	var disclosed []matter.Disclosure
	for name := range rules.Disclosed {
		disclosed = append(disclosed, matter.Disclosure{Key: "Disclosed", Event: name, Field: "status."})
	}
	rulestest.DisclosuresNameWhatExists(t, disclosed, concernv1.File_koppi_concern_v1_events_proto, commonv1.File_koppi_common_v1_contact_proto, commonv1.File_koppi_common_v1_appointment_proto)
}

func TestEvolveKnowsEveryEvent(t *testing.T) {
	due := time.Unix(1_700_000_000, 0).UTC()
	rulestest.EvolveKnows(t, rulestest.Events(t, concernv1.File_koppi_concern_v1_events_proto, commonv1.File_koppi_common_v1_contact_proto, commonv1.File_koppi_common_v1_appointment_proto), rules.Concern{
		Head:  matter.Head{Subject: "concerns/z", Due: due},
		State: concernv1.ConcernState_CONCERN_STATE_TAKEN, Receiver: &commonv1.Party{Agency: "a"}, OwnLead: "y", Lead: "z",
		Forwards: []rules.Forward{{Subject: "concerns/x", Pending: true}},
	}, due.Add(time.Hour), rules.Evolve)
}
