package matter

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"koppi.internal/pkg/exchange"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// internalAPI answers what no gateway passes on: the service's part of the whole.
type internalAPI[S loop.State] struct {
	caseworkv1.UnimplementedMatterServiceServer
	caseworkv1.UnimplementedSuiteServiceServer
	*Kernel[S]
}

// SuiteMethods tells the methods of a service's process that answer the suite's own
// processes alone: all but those of the service itself, of its mailboxes, and those that a
// gateway calls in a caller's name. A service that is added to a process is closed to callers
// until it is named here.
func SuiteMethods(name string) func(method string) bool {
	return func(method string) bool {
		for _, open := range []string{
			"/koppi." + name + ".v1.", "/" + exchangev1.ExchangeService_ServiceDesc.ServiceName + "/",
			"/" + exchangev1.ParkingService_ServiceDesc.ServiceName + "/", "/" + caseworkv1.MatterService_ServiceDesc.ServiceName + "/",
		} {
			if strings.HasPrefix(method, open) {
				return false
			}
		}
		return true
	}
}

// ReadHistory reads a part of a case's or client's history as the caller may know it,
// and records for each matter in it that it was read.
func (k internalAPI[S]) ReadHistory(ctx context.Context, r *caseworkv1.ReadHistoryRequest) (*caseworkv1.ReadHistoryResponse, error) {
	who, err := Caller(ctx)
	if err != nil {
		return nil, err
	}
	query, err := k.historyQuery(who, r)
	if err != nil {
		return nil, err
	}
	reach, err := k.reach(ctx, query, r)
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.ReadHistoryResponse{Reach: &caseworkv1.Reach{}}
	readings := map[string]Reading{}
	for part := range slices.Chunk(reach.GetSubjects(), readAtOnce) {
		if err := k.recall(ctx, who, r, part, response, readings); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(response.Messages, ByTime)
	page := exchange.Page{}
	for i, message := range response.GetMessages() {
		if i == int(r.GetLimit()) || !page.Takes(message) {
			response.Messages, response.More = response.Messages[:i], true
			break
		}
	}
	return response, k.RecordReading(ctx, who, cmp.Or(r.GetPurpose(), "timeline"), readingsIn(response.GetMessages(), readings, query.Client)...)
}

// recall adds what the caller may know of subjects, read together, to a history.
func (k internalAPI[S]) recall(
	ctx context.Context, who identity.Caller, r *caseworkv1.ReadHistoryRequest, part []*caseworkv1.Reach_Subject,
	response *caseworkv1.ReadHistoryResponse, readings map[string]Reading,
) error {
	names := make([]string, 0, len(part))
	for _, subject := range part {
		names = append(names, k.config.Collection+uuid.UUID(subject.GetId()).String())
	}
	all, err := k.readableEvents(ctx, names...)
	if err != nil {
		return err
	}
	for i, subject := range part {
		recalled, err := k.Engine.Recall(all[i], who.Agency, who.Client, subject.GetVersion())
		if err != nil {
			return err
		}
		if recalled.Version == 0 {
			continue
		}
		response.Reach.Subjects = append(response.Reach.Subjects, &caseworkv1.Reach_Subject{Id: subject.GetId(), Version: recalled.Version})
		readings[names[i]] = readingOf(recalled.State)
		for _, message := range recalled.Messages {
			if behind(message, r) {
				response.Messages = append(response.Messages, exchange.Bounded(message))
			}
		}
	}
	return nil
}

// readingsIn are the readings of the matters that messages are of; that nothing was
// found of a client is found out, too.
func readingsIn(messages []*exchangev1.CaseMessage, of map[string]Reading, client string) []Reading {
	var readings []Reading
	seen := map[string]bool{}
	for _, message := range messages {
		if !seen[message.GetSubject()] {
			seen[message.GetSubject()] = true
			readings = append(readings, of[message.GetSubject()])
		}
	}
	if len(readings) == 0 && client != "" {
		readings = append(readings, Reading{Client: client})
	}
	return readings
}

// ByTime orders messages by when they happened; at one moment, those of one subject by its
// versions. Ids tell no order: they are random within a second.
func ByTime(a, b *exchangev1.CaseMessage) int {
	return cmp.Or(
		a.GetOccurredAt().AsTime().Compare(b.GetOccurredAt().AsTime()),
		cmp.Compare(a.GetSubject(), b.GetSubject()),
		cmp.Compare(a.GetSubjectVersion(), b.GetSubjectVersion()),
	)
}

// behind tells whether a message follows the place behind which is read. A place of an older
// version names no subject: at its moment it goes by the ids, as that version did.
func behind(message *exchangev1.CaseMessage, r *caseworkv1.ReadHistoryRequest) bool {
	if r.GetAfter() == nil {
		return true
	}
	place := &exchangev1.CaseMessage{OccurredAt: r.GetAfter(), Subject: r.GetAfterSubject(), SubjectVersion: r.GetAfterVersion()}
	if r.GetAfterSubject() == "" && message.GetOccurredAt().AsTime().Equal(r.GetAfter().AsTime()) {
		return message.GetMessageId() > r.GetAfterMessageId()
	}
	return ByTime(message, place) > 0
}

func (k internalAPI[S]) historyQuery(who identity.Caller, r *caseworkv1.ReadHistoryRequest) (journal.Query, error) {
	query := journal.Query{Agency: who.Agency, WithHidden: true}
	byClient := who.Role == identity.RoleClient || r.GetClientId() != ""
	if byClient {
		var err error
		if query, err = k.clientQuery(who, r.GetClientId(), r.GetPurpose()); err != nil {
			return query, err
		}
	}
	switch {
	case !byClient && !IsParty(who):
		return query, fault.New(fault.RoleNotAllowed, "a timeline is read by an agency's worker or system, or by the person")
	case who.Role != identity.RoleClient && byClient == (r.GetCaseId() != ""):
		return query, fault.New(fault.InvalidField, "name a case or a client").Field("case_id", "this or client_id")
	case r.GetCaseId() == "":
		return query, nil
	}
	// No agency's key is empty: the names of nobody's agency are the person's.
	inner, ok := k.Secrets.InternalID(identity.KindCase, who.Agency, r.GetCaseId())
	if !ok {
		return query, fault.New(fault.InvalidField, "there is no such case for you").Field("case_id", "unknown to you")
	}
	query.Case = inner
	return query, nil
}

// reach is how far the history reaches: as a first reading fixed it, or to its end.
func (k internalAPI[S]) reach(ctx context.Context, query journal.Query, r *caseworkv1.ReadHistoryRequest) (*caseworkv1.Reach, error) {
	if r.GetReach() != nil {
		return r.GetReach(), nil
	}
	standings, err := k.Store.WorklistEntries(ctx, query)
	if err != nil {
		return nil, fault.Store(err)
	}
	reach := &caseworkv1.Reach{}
	for _, standing := range standings {
		id, err := uuid.Parse(strings.TrimPrefix(standing.Subject, k.config.Collection))
		if err != nil {
			return nil, err
		}
		reach.Subjects = append(reach.Subjects, &caseworkv1.Reach_Subject{Id: id[:]})
	}
	return reach, nil
}
