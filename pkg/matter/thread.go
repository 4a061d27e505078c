package matter

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Thread holds what the sender and the receiver of a matter asked, answered and added, as far as a reader
// was shown it. It is empty in services without such steps.
type Thread struct {
	// Requests are in the order in which they were asked.
	Requests []Request
	// Holding is the receiver's request that the matter waits for; empty if there is none.
	Holding string
	// NewsTo counts, for the sender and the receiver, the other side's answers and additions since the last
	// step of a person of its own.
	NewsTo map[Role]int32
}

// Request is a request for information of one side, with the answer of the other.
type Request struct {
	ID, Question string
	Papers       []string
	// From is the role of the asking side, and By the party that asked.
	From           Role
	By             *commonv1.Party
	AskedAt, DueAt time.Time
	// Lapses says that the request lapses when DueAt passes; requests of earlier versions do not. Lapsed
	// says that it did.
	Lapses, Lapsed bool

	Answer      string
	Attachments []*commonv1.Attachment
	Code        commonv1.AnswerCode
	Missing     []string
	// AnsweredAt is zero if there is no answer.
	AnsweredAt time.Time
	AnsweredBy *commonv1.Party
}

// InformationRequested is the common form of the services' events of the name.
type InformationRequested interface {
	GetInformationRequestId() string
	GetQuestion() string
	GetPapers() []string
	GetDueAt() *timestamppb.Timestamp
	GetLapses() bool
}

// InformationProvided is the common form of the services' events of the name.
type InformationProvided interface {
	GetInformationRequestId() string
	GetAnswer() string
	GetAttachments() []*commonv1.Attachment
	GetCode() commonv1.AnswerCode
	GetMissing() []string
}

// otherSide returns the role of the side that a sender or a receiver speaks to.
func otherSide(side Role) Role {
	if side == RoleReceiver {
		return RoleSender
	}
	return RoleReceiver
}

// SideOf returns the side of a matter that an event is an act of. The receiver is the agency that the
// matter was sent to; all others speak for the sender.
func SideOf(e Event, receiver *commonv1.Party) Role {
	if e.By.GetAgency() == receiver.GetAgency() {
		return RoleReceiver
	}
	return RoleSender
}

// IsAnswered reports whether the request has an answer.
func (r Request) IsAnswered() bool { return !r.AnsweredAt.IsZero() }

// IsOpen reports whether the request has no answer and has not lapsed.
func (r Request) IsOpen() bool { return !r.IsAnswered() && !r.Lapsed }

// Request returns a request; false if there is none with the id.
func (t Thread) Request(id string) (Request, bool) {
	at := slices.IndexFunc(t.Requests, func(r Request) bool { return id != "" && r.ID == id })
	if at < 0 {
		return Request{}, false
	}
	return t.Requests[at], true
}

// Held returns the receiver's request that the matter waits for; false if there is none.
func (t Thread) Held() (Request, bool) { return t.Request(t.Holding) }

// OpenFrom returns the open request of a side; false if there is none. A request that does not lapse is not
// counted: whether it is open depends on the steps after it.
func (t Thread) OpenFrom(side Role) (Request, bool) {
	at := slices.IndexFunc(t.Requests, func(r Request) bool { return r.From == side && r.Lapses && r.IsOpen() })
	if at < 0 {
		return Request{}, false
	}
	return t.Requests[at], true
}

// Turns returns whose turn the open requests make it, and until when: held is the sender's, by the request that
// the matter waits for, and asked the receiver's, by what the sender asked. Each is zero if there is none.
func (t Thread) Turns(sender, receiver *commonv1.Party) (held, asked Turn) {
	if request, holds := t.Held(); holds {
		held = Turn{Deadline: Agreed(request.DueAt), Of: sender}
	}
	if request, open := t.OpenFrom(RoleSender); open {
		asked = Turn{Deadline: Agreed(request.DueAt), Of: receiver}
	}
	return held, asked
}

// CanAnswer reports whether a side may answer a request, or end its own.
func (t Thread) CanAnswer(r Request) bool {
	return !r.IsAnswered() && (r.Lapses || r.ID == t.Holding)
}

// AwaitsAnswer reports whether there is a request that may be answered or ended.
func (t Thread) AwaitsAnswer() bool { return slices.ContainsFunc(t.Requests, t.CanAnswer) }

// dues returns the due times of the open requests that lapse.
func (t Thread) dues() []time.Time {
	var dues []time.Time
	for _, r := range t.Requests {
		if r.Lapses && r.IsOpen() {
			dues = append(dues, r.DueAt)
		}
	}
	return dues
}

// lapsingAt returns the request that lapses at a due time, the holding one first; empty if none does.
func (t Thread) lapsingAt(due time.Time) string {
	found := ""
	for _, r := range t.Requests {
		if r.Lapses && r.IsOpen() && r.DueAt.Equal(due) && (found == "" || r.ID == t.Holding) {
			found = r.ID
		}
	}
	return found
}

// WasAskedFirst reports whether a request of a side was answered, or lapsed. That the side no longer
// needed an answer does not count.
func (t Thread) WasAskedFirst(side Role) bool {
	return slices.ContainsFunc(t.Requests, func(r Request) bool {
		return r.From == side && (r.Lapsed || r.IsAnswered() && r.Code != commonv1.AnswerCode_ANSWER_CODE_NO_LONGER_NEEDED)
	})
}

// Ask returns the thread after a request, and whether the matter waits for its answer: it waits for what
// the receiver asks.
func (t Thread) Ask(e Event, m InformationRequested, from Role) (Thread, bool) {
	t.Requests = append(slices.Clip(t.Requests), Request{
		ID: m.GetInformationRequestId(), Question: m.GetQuestion(), Papers: m.GetPapers(), From: from, By: e.By,
		AskedAt: e.At, DueAt: m.GetDueAt().AsTime(), Lapses: m.GetLapses(),
	})
	if from != RoleReceiver {
		return t, false
	}
	t.Holding = m.GetInformationRequestId()
	return t, true
}

// Answer returns the thread after an answer, and whether the matter waited for it.
func (t Thread) Answer(e Event, m InformationProvided) (Thread, bool) {
	t.Requests = slices.Clone(t.Requests)
	for i := range t.Requests {
		if r := &t.Requests[i]; r.ID == m.GetInformationRequestId() {
			r.Answer, r.Attachments, r.Code, r.Missing = m.GetAnswer(), m.GetAttachments(), m.GetCode(), m.GetMissing()
			r.AnsweredAt, r.AnsweredBy = e.At, e.By
		}
	}
	held := t.Holding == m.GetInformationRequestId()
	if held {
		t.Holding = ""
	}
	return t, held
}

// lapse returns the thread after a due time that passed, and whether the matter waited for a request that
// lapsed by it.
func (t Thread) lapse(due time.Time) (Thread, bool) {
	t.Requests = slices.Clone(t.Requests)
	held := false
	for i := range t.Requests {
		if r := &t.Requests[i]; r.Lapses && r.IsOpen() && r.DueAt.Equal(due) {
			r.Lapsed = true
			held = held || r.ID == t.Holding
		}
	}
	if held {
		t.Holding = ""
	}
	return t, held
}

// Seen returns the thread after an event of one side, as far as news are counted: a person of the side has
// seen what came before.
func (t Thread) Seen(e Event, side Role) Thread {
	if e.By.GetWorker() == "" || t.NewsTo[side] == 0 {
		return t
	}
	return t.withNews(side, 0)
}

// Told returns the thread with one more piece of news for the other side.
func (t Thread) Told(from Role) Thread {
	return t.withNews(otherSide(from), t.NewsTo[otherSide(from)]+1)
}

func (t Thread) withNews(side Role, count int32) Thread {
	other := otherSide(side)
	t.NewsTo = map[Role]int32{side: count, other: t.NewsTo[other]}
	return t
}

// MissingPapers returns the kinds asked for that no attachment has, in the order of the request.
func MissingPapers(asked []string, attachments []*commonv1.Attachment) []string {
	var missing []string
	for _, kind := range asked {
		if !slices.ContainsFunc(attachments, func(a *commonv1.Attachment) bool { return a.GetPaperKind() == kind }) {
			missing = append(missing, kind)
		}
	}
	return missing
}
