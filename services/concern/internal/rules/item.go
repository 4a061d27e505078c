package rules

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// Describe adds to a concern's row in a worklist what its reader shares out and plans by.
func Describe(view Concern, reader matter.Reader, now time.Time, item *caseworkv1.WorkItem) {
	item.News = view.Thread.NewsTo[reader.Role]
	if reader.Role == matter.RoleReceiver {
		item.Reports, item.Unreached, item.RepeatedUnreached = view.ReportCount(), int32(view.Unreached), view.IsRepeatedUnreached() //nolint:gosec // counts attempts
	}
	if !view.NextAttempt.IsZero() {
		item.NextAttemptAt = timestamppb.New(view.NextAttempt)
		item.NextMode = nameOf(view.Attempts[len(view.Attempts)-1].GetNextMode())
	}
	item.NextAppointmentAt = matter.NextAppointment(view.Appointments, now)
	item.Track, item.SupportNeed, item.ClientWill = nameOf(view.Track), nameOf(view.SupportNeed), nameOf(view.Will)
}

// nameOf returns the name of an enum's value; empty for the unspecified one.
func nameOf[E interface {
	~int32
	String() string
}](value E) string {
	if value == 0 {
		return ""
	}
	return value.String()
}
