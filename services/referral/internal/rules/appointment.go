package rules

import (
	"koppi.internal/pkg/fault"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// checkResult refuses to record that the client attended or did not before the time of the
// appointment. That it was cancelled or moved may be recorded earlier.
func checkResult(world World, command Command, r *referralv1.RecordAppointmentResultRequest) error {
	appointment := world.State(command.Subject).appointment(r.GetAppointmentId())
	if appointment == nil || appointment.GetResult() != referralv1.AppointmentResult_APPOINTMENT_RESULT_UNSPECIFIED {
		return fault.New(fault.InvalidField, "the referral has no such appointment without a result").Field("appointment_id", "name one without a result")
	}
	attended := r.GetResult() == referralv1.AppointmentResult_APPOINTMENT_RESULT_ATTENDED ||
		r.GetResult() == referralv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW
	if attended && command.At.Before(appointment.GetAt().AsTime()) {
		return fault.New(fault.IllegalStep, "the appointment is still in the future").With("allowed_steps", "AddProgressNote")
	}
	return nil
}
