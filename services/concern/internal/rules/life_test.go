package rules_test

import (
	"strings"
	"testing"

	"koppi.internal/pkg/command/rulestest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// The states that begin with another report about the client.
const (
	ownJoined   = "JOINED, not received"
	ownReceived = "JOINED, received"
	otherJoined = "joined another agency's"
)

// lives lead to each state of a concern from kela to hva.
var lives = []rulestest.Life{
	{Name: "SUBMITTED"},
	{Name: "RECEIVED", Steps: "receiver ReceiveConcern"},
	{Name: "TRIAGED", Steps: "receiver ReceiveConcern, receiver TriageConcern"},
	{Name: "TAKEN", Steps: "receiver TakeConcern"},
	{Name: "IN_ASSESSMENT", Steps: "receiver TakeConcern, receiver StartAssessment"},
	{Name: "ASSESSED", Steps: "receiver TakeConcern, receiver StartAssessment, receiver CompleteAssessment"},
	{Name: "RECEIVED, question", Steps: "receiver ReceiveConcern, receiver RequestInformation"},
	{Name: "TAKEN, question", Steps: "receiver TakeConcern, receiver RequestInformation"},
	{Name: "TAKEN, offered onward", Steps: "receiver TakeConcern, receiver ForwardConcern"},
	{Name: "CLOSED", Steps: "receiver TakeConcern, receiver CloseConcern"},
	{Name: "DECLINED", Steps: "receiver DeclineConcern"},
	{Name: "WITHDRAWN", Steps: "reporter WithdrawConcern"},
	{Name: "ENTERED_IN_ERROR", Steps: "receiver TakeConcern, reporter RevokeConcern"},
	{Name: "ENTERED_IN_ERROR, acknowledged", Steps: "receiver TakeConcern, receiver CloseConcern, reporter RevokeConcern, receiver AcknowledgeRevocation"},
	{Name: ownJoined},
	{Name: ownReceived, Steps: "receiver ReceiveConcern"},
	{Name: otherJoined},
}

func begun(t *testing.T, life rulestest.Life) (*base, string) {
	t.Helper()
	w := newFixture()
	if first := map[string]string{ownJoined: "kela", ownReceived: "kela", otherJoined: "terveys"}[life.Name]; first != "" {
		_, err := w.submit(first, "hva", "client", consent(w.Now))
		must(t, err)
	}
	subject, err := w.submit("kela", "hva", "client", consent(w.Now))
	must(t, err)
	return w.base, subject
}

// The golden file holds: state × step × role → state or refusal.
func TestLifeTable(t *testing.T) {
	rulestest.LifeTable(t, begun, lives, []rulestest.Actor{
		{Role: "reporter", Actor: people["kela"]}, {Role: "receiver", Actor: people["hva"]}, {Role: "stranger", Actor: people["tyo"]},
	}, allSteps, func(c rules.Concern) string { return strings.TrimPrefix(c.Shown().String(), "CONCERN_STATE_") })
}

func TestStepsAreComplete(t *testing.T) {
	service := concernv1.File_koppi_concern_v1_concern_proto.Services().ByName("ConcernService")
	rulestest.StepsAreComplete(t, service, rules.Table.Steps(), allSteps)
}
