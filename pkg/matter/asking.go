package matter

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	// workingDaysToAnswer is the time to answer a request that names none.
	workingDaysToAnswer = 3
	// daysAhead is how far ahead the due time of a request may be.
	daysAhead = 30
)

// CheckAsked refuses a request for information that asks for nothing, or with a due time too far ahead.
func CheckAsked(r interface {
	GetQuestion() string
	GetPapers() []string
	GetDueAt() *timestamppb.Timestamp
}, at time.Time,
) error {
	if r.GetQuestion() == "" && len(r.GetPapers()) == 0 {
		return fault.New(fault.InvalidField, "the request asks for nothing").Field("question", "a question, or papers")
	}
	if r.GetDueAt() != nil && r.GetDueAt().AsTime().After(EndOfDays(at, daysAhead)) {
		return fault.New(fault.InvalidField, "the time to answer is too far ahead").Field("due_at", "at most 30 days ahead")
	}
	return nil
}

// AnswerBy returns the time by which a request is answered: the time asked for, or the third working day,
// and no later than the urgency that the sender was shown allows. A time that has passed becomes the next
// working day.
func AnswerBy(asked *timestamppb.Timestamp, urgency commonv1.Urgency, at time.Time) time.Time {
	due := EndOfWorkingDay(at, workingDaysToAnswer)
	if asked != nil {
		due = NotPast(asked.AsTime(), at)
	}
	return Earlier(due, UrgentBy(urgency, at))
}

// AnswerRequest is the common form of the services' requests that answer.
type AnswerRequest interface {
	GetInformationRequestId() string
	GetAnswer() string
	GetAttachmentIds() []string
	GetCode() commonv1.AnswerCode
}

// CheckAnswer refuses an answer that says nothing or two things, to a request that a side may not answer.
func (t Thread) CheckAnswer(side Role, r AnswerRequest) error {
	asked, found := t.Request(r.GetInformationRequestId())
	words := r.GetAnswer() != "" || len(r.GetAttachmentIds()) > 0
	ends := r.GetCode() == commonv1.AnswerCode_ANSWER_CODE_NO_LONGER_NEEDED
	switch {
	case !found || !t.CanAnswer(asked):
		return fault.New(fault.InvalidField, "this request is not open").Field("information_request_id", "name a request without an answer")
	case !words && r.GetCode() == commonv1.AnswerCode_ANSWER_CODE_UNSPECIFIED:
		return fault.New(fault.InvalidField, "the answer says nothing").Field("answer", "words, attachments or a code")
	case asked.From == side && !ends:
		return fault.New(fault.InvalidField, "your own side asked this: the other side answers").Field("information_request_id", "name a request of the other side, or end your own with ANSWER_CODE_NO_LONGER_NEEDED")
	case asked.From != side && ends:
		return fault.New(fault.InvalidField, "only the side that asked can say that it no longer needs an answer").Field("code", "another code, or words")
	case words && r.GetCode() != commonv1.AnswerCode_ANSWER_CODE_UNSPECIFIED:
		return fault.New(fault.InvalidField, "a code stands alone").Field("code", "leave empty beside words and attachments")
	}
	return nil
}

// CheckUrgency refuses an addition that does not make the matter more urgent than the sender sees it, and
// one of the receiver, who judges the urgency by triage.
func CheckUrgency(side Role, added, before commonv1.Urgency) error {
	switch {
	case added == commonv1.Urgency_URGENCY_UNSPECIFIED:
		return nil
	case side == RoleReceiver:
		return fault.New(fault.InvalidField, "the receiver judges the urgency by triage").Field("urgency", "leave empty")
	case !IsMoreUrgent(added, before):
		return fault.New(fault.InvalidField, "the matter is as urgent already").Field("urgency", "more urgent than before, or leave empty")
	}
	return nil
}
