package rules

import (
	"koppi.internal/pkg/fault"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// checkDecline refuses to decline with a reason that would reveal to a reporter whether the receiver
// knows the client, if the client has not consented to the reporter hearing how it goes (1301/2014 §
// 35; 621/1999 § 24).
func checkDecline(world World, command Command, r *concernv1.DeclineConcernRequest) error {
	if r.GetReason() != concernv1.DeclineReason_DECLINE_REASON_CLIENT_UNKNOWN {
		return nil
	}
	lead := world.State(command.Subject)
	for _, subject := range append([]string{command.Subject}, lead.Reports...) {
		c := world.State(subject)
		if c.IsOpen() && !c.hears() {
			return fault.New(fault.ContentNotAllowed, "a report without consent to feedback cannot be declined because the client is unknown").
				Field("reason", "choose another reason")
		}
	}
	return nil
}
