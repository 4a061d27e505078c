// Package referral is the referral service: an agency asks another to take over a part of a
// client's matter, or hands over an application, a decision or documents, and learns what became of
// it. The rules are in internal/rules; this package connects them to the callers, the directory and
// the journal.
package referral

import (
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/service"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/referral/internal/rules"
)

// Name is the name of the service in case messages and cursors.
const Name = "referral"

// Service implements ReferralService, and ExchangeService for the service's own messages.
type Service struct {
	referralv1.UnimplementedReferralServiceServer
	*kernel
}

// kernel is the part that all services share.
type kernel = service.Service[rules.Referral]

// New makes the service. The caller must also call Run.
func New(deps service.Deps) (*Service, error) {
	made, err := service.New(deps, service.Config[rules.Referral]{
		Rules: Rules(), Collection: rules.Collection, Accepts: referralv1.ReferralService_ServiceDesc.ServiceName,
		Message:     func(shown reading.Shown[rules.Referral]) proto.Message { return (*Service)(nil).whole(shown) },
		Responsible: func(r rules.Referral) string { return rules.MayContact(r).GetAgency() },
		Describe: func(view rules.Referral, reader matter.Reader, now time.Time, item *caseworkv1.WorkItem) {
			item.News = view.Thread.NewsTo[reader.Role]
			item.NextAppointmentAt = matter.NextAppointment(view.Appointments, now)
		},
	})
	return &Service{kernel: made}, err
}

// Rules returns the rules for referrals in the form that the engine takes.
func Rules() command.Rules[rules.Referral] {
	return command.Rules[rules.Referral]{
		Service: Name, Evolve: rules.Evolve, Readers: rules.Readers, Disclose: rules.Disclose, Disclosures: rules.Disclosures, Provisions: rules.Provisions,
		Always: rules.Table.Admitted(matter.Always), Finishes: rules.Table.Admitted(matter.Finishes),
		Status: rules.Status, Expected: rules.Expected, WorklistEntry: rules.WorklistEntry, Shared: rules.Shared, Counters: rules.Counters, NextCheck: rules.NextCheck, Overdue: rules.Overdue, Related: rules.Related,
		Consents: rules.Consents, Withdraw: rules.Withdraw,
		Number: func(r rules.Referral) int32 { return int32(r.State) },
	}
}
