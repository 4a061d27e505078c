package matter

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Appointment is the common interface of the appointments of all services. R is the type of their
// results, with the numbers of commonv1.AppointmentResult.
type Appointment[R ~int32] interface {
	GetAppointmentId() string
	GetAt() *timestamppb.Timestamp
	GetResult() R
}

// CheckScheduled refuses an appointment in the past.
func CheckScheduled(at *timestamppb.Timestamp, now time.Time) error {
	if at.AsTime().Before(now) {
		return fault.New(fault.InvalidField, "the appointment is in the past").Field("at", "not in the past")
	}
	return nil
}

// CheckAppointmentResult refuses a result for what is no appointment without one, and refuses to record
// that the client attended or did not before the time of the appointment. That it was cancelled or moved
// may be recorded earlier. Instead is the step that is possible before that time; it may be empty.
func CheckAppointmentResult[A Appointment[R], R ~int32](all []A, id string, result R, now time.Time, instead string) error {
	at := slices.IndexFunc(all, func(one A) bool { return one.GetAppointmentId() == id })
	if at < 0 || all[at].GetResult() != 0 {
		return fault.New(fault.InvalidField, "there is no such appointment without a result").Field("appointment_id", "name one without a result")
	}
	attended := []commonv1.AppointmentResult{commonv1.AppointmentResult_APPOINTMENT_RESULT_ATTENDED, commonv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW}
	if slices.Contains(attended, commonv1.AppointmentResult(result)) && now.Before(all[at].GetAt().AsTime()) {
		return fault.New(fault.IllegalStep, "the appointment is still in the future").With("allowed_steps", instead)
	}
	return nil
}

// AwaitsResult reports whether an appointment has no result.
func AwaitsResult[A Appointment[R], R ~int32](all []A) bool {
	return slices.ContainsFunc(all, func(one A) bool { return one.GetResult() == 0 })
}

// NextAppointment returns the time of the first appointment to come; nil if there is none.
func NextAppointment[A Appointment[R], R ~int32](all []A, now time.Time) *timestamppb.Timestamp {
	ahead := AppointmentsAhead(all, now)
	if len(ahead) == 0 {
		return nil
	}
	return timestamppb.New(slices.MinFunc(ahead, time.Time.Compare))
}

// AppointmentsAhead returns the times of the appointments to come. What became of one that has passed is
// for the receiver to record.
func AppointmentsAhead[A Appointment[R], R ~int32](all []A, now time.Time) []time.Time {
	var ahead []time.Time
	for _, one := range all {
		if at := one.GetAt().AsTime(); one.GetResult() == 0 && at.After(now) {
			ahead = append(ahead, at)
		}
	}
	return ahead
}
