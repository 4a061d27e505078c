package service

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// internalAPI serves the methods that no gateway passes on from callers: this service's part of
// results over all services.
type internalAPI[S matter.State] struct {
	caseworkv1.UnimplementedMatterServiceServer
	caseworkv1.UnimplementedSuiteServiceServer
	*Kernel[S]
}

// SuiteMethods returns the test for methods of a service's process that only the suite's own
// processes may call: all except those of the service itself, of its mailboxes, and those that a
// gateway calls in a caller's name. A gRPC service that is added to a process is closed to callers
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

// ReadHistory reads a part of a case's or client's history as the caller may know it, and records a
// reading for each matter in it.
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
	page := mailbox.Page{}
	for i, message := range response.GetMessages() {
		if i == int(r.GetLimit()) || !page.Takes(message) {
			response.Messages, response.More = response.Messages[:i], true
			break
		}
	}
	return response, k.RecordReading(ctx, who, cmp.Or(r.GetPurpose(), "timeline"), readingsIn(response.GetMessages(), readings, query.Client)...)
}

// recall adds to a history what the caller may know of subjects, which are read together.
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
				response.Messages = append(response.Messages, mailbox.Bounded(message))
			}
		}
	}
	return nil
}

// readingsIn returns the readings of the matters that messages are about. A search for a client
// that finds nothing is recorded as a reading too, because its result is information.
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

// ByTime orders messages by the time of the event; at the same time by subject, then by subject
// version. Ids give no order: they are random within a second.
func ByTime(a, b *exchangev1.CaseMessage) int {
	return cmp.Or(
		a.GetOccurredAt().AsTime().Compare(b.GetOccurredAt().AsTime()),
		cmp.Compare(a.GetSubject(), b.GetSubject()),
		cmp.Compare(a.GetSubjectVersion(), b.GetSubjectVersion()),
	)
}

// behind tells whether a message comes after the place from which the request continues. A place
// issued by an older version names no subject: messages at the same time are then ordered by id, as
// in that version.
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
	// The empty agency has the person's pseudonyms: no real agency has an empty key.
	inner, ok := k.Secrets.InternalID(identity.KindCase, who.Agency, r.GetCaseId())
	if !ok {
		return query, fault.New(fault.InvalidField, "there is no such case for you").Field("case_id", "unknown to you")
	}
	query.Case = inner
	return query, nil
}

// reach returns how far the history reaches: as the first reading fixed it, or to the present end.
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
