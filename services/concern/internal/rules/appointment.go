package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// workingDaysAfterNoShow is within how many working days a no-show is followed up.
const workingDaysAfterNoShow = 3

func appointmentScheduled(c Concern, m *commonv1.AppointmentScheduled) Concern {
	c.Appointments = append(slices.Clip(c.Appointments), &commonv1.Appointment{AppointmentId: m.GetAppointmentId(), At: m.GetAt(), Place: m.GetPlace()})
	return c.withoutFollowUp()
}

func appointmentResultRecorded(c Concern, e matter.Event, m *commonv1.AppointmentResultRecorded) Concern {
	c.Appointments = slices.Clone(c.Appointments)
	for i, one := range c.Appointments {
		if one.GetAppointmentId() == m.GetAppointmentId() {
			c.Appointments[i] = proto.CloneOf(one)
			c.Appointments[i].Result = m.GetResult()
		}
	}
	c = c.withoutFollowUp()
	switch m.GetResult() {
	case commonv1.AppointmentResult_APPOINTMENT_RESULT_ATTENDED:
		return c.withEncounter(true)
	case commonv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW:
		c.FollowUp, c.MissedAt = matter.EndOfWorkingDay(e.At, workingDaysAfterNoShow), e.At
		return c.withEncounter(false)
	default:
		return c
	}
}

// withoutFollowUp ends the time by which a no-show is followed up.
func (c Concern) withoutFollowUp() Concern {
	c.FollowUp, c.MissedAt = time.Time{}, time.Time{}
	return c
}

// awaits reports whether an appointment has no result.
func (c Concern) awaits(id string) bool {
	return slices.ContainsFunc(c.Appointments, func(one *commonv1.Appointment) bool { return one.GetAppointmentId() == id && one.GetResult() == 0 })
}

// appointmentOn returns the id that an appointment of a lead has on a report that joined it.
func appointmentOn(report, id string) string { return matter.DerivedID(ID(report), id) }
