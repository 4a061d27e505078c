// Package timeline reads the history of a case or client from the matters of one service. The subpackage
// gateway merges the histories of all services.
package timeline

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Timeline reads histories of the matters of one service. S is their state.
type Timeline[S matter.State] struct {
	Matters   *reading.Matters[S]
	Store     journal.Store
	Secrets   *identity.Secrets
	AccessLog *accesslog.Recorder
}

// ReadHistory reads a part of a case's or client's history as the caller may know it, and records a
// reading for each matter in it.
func (t *Timeline[S]) ReadHistory(ctx context.Context, r *caseworkv1.ReadHistoryRequest) (*caseworkv1.ReadHistoryResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	query, err := t.query(who, r)
	if err != nil {
		return nil, err
	}
	reach, err := t.reach(ctx, query, r)
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.ReadHistoryResponse{Reach: &caseworkv1.Reach{}}
	readings := map[string]accesslog.Reading{}
	for part := range slices.Chunk(reach.GetSubjects(), reading.AtOnce) {
		if err := t.recall(ctx, who, r, part, response, readings); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(response.Messages, mailbox.ByTime)
	page := mailbox.Page{}
	for i, message := range response.GetMessages() {
		if i == int(r.GetLimit()) || !page.Takes(message) {
			response.Messages, response.More = response.Messages[:i], true
			break
		}
	}
	return response, t.AccessLog.Read(ctx, who, cmp.Or(r.GetPurpose(), "timeline"), readingsIn(response.GetMessages(), readings, query.Client)...)
}

// recall adds to a history what the caller may know of subjects, which are read together.
func (t *Timeline[S]) recall(
	ctx context.Context, who identity.Caller, r *caseworkv1.ReadHistoryRequest, part []*caseworkv1.Reach_Subject,
	response *caseworkv1.ReadHistoryResponse, readings map[string]accesslog.Reading,
) error {
	names := make([]string, 0, len(part))
	for _, subject := range part {
		names = append(names, t.Matters.Collection+uuid.UUID(subject.GetId()).String())
	}
	all, err := t.Matters.Engine.ReadableEvents(ctx, names...)
	if err != nil {
		return err
	}
	for i, subject := range part {
		recalled, err := t.Matters.Engine.Recall(all[i], t.Matters.Scopes.Of(who), who.Client, subject.GetVersion())
		if err != nil {
			return err
		}
		if recalled.Version == 0 {
			continue
		}
		response.Reach.Subjects = append(response.Reach.Subjects, &caseworkv1.Reach_Subject{Id: subject.GetId(), Version: recalled.Version})
		readings[names[i]] = t.Matters.Reading(who, recalled.State, recalled.View)
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
func readingsIn(messages []*exchangev1.CaseMessage, of map[string]accesslog.Reading, client string) []accesslog.Reading {
	var readings []accesslog.Reading
	seen := map[string]bool{}
	for _, message := range messages {
		if !seen[message.GetSubject()] {
			seen[message.GetSubject()] = true
			readings = append(readings, of[message.GetSubject()])
		}
	}
	if len(readings) == 0 && client != "" {
		readings = append(readings, accesslog.Reading{Client: client})
	}
	return readings
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
	return mailbox.ByTime(message, place) > 0
}

func (t *Timeline[S]) query(who identity.Caller, r *caseworkv1.ReadHistoryRequest) (journal.Query, error) {
	query := t.Matters.Scopes.Query(who, journal.Query{Agency: who.Agency, WithHidden: true})
	byClient := who.Role == identity.RoleClient || r.GetClientId() != ""
	if byClient {
		var err error
		if query, err = t.Matters.Scopes.ClientQuery(t.Secrets, who, r.GetClientId(), r.GetPurpose()); err != nil {
			return query, err
		}
	}
	switch {
	case !byClient && !caller.IsParty(who):
		return query, fault.New(fault.RoleNotAllowed, "only an agency's worker or system, or the person, can read a timeline")
	case who.Role != identity.RoleClient && byClient == (r.GetCaseId() != ""):
		return query, fault.New(fault.InvalidField, "the request must name either a case or a client").Field("case_id", "give either this or client_id")
	case r.GetCaseId() == "":
		return query, nil
	}
	// The empty agency has the person's pseudonyms: no real agency has an empty key.
	internal, ok := t.Matters.Scopes.InternalID(t.Secrets, who, identity.KindCase, r.GetCaseId())
	if !ok {
		return query, fault.New(fault.InvalidField, "there is no such case that you can see").Field("case_id", "not known to you")
	}
	query.Case = internal
	return query, nil
}

// reach returns how far the history reaches: as the first reading fixed it, or to the present end.
func (t *Timeline[S]) reach(ctx context.Context, query journal.Query, r *caseworkv1.ReadHistoryRequest) (*caseworkv1.Reach, error) {
	if r.GetReach() != nil {
		return r.GetReach(), nil
	}
	entries, err := t.Store.WorklistEntries(ctx, query)
	if err != nil {
		return nil, fault.Store(err)
	}
	reach := &caseworkv1.Reach{}
	for _, entry := range entries {
		id, err := uuid.Parse(strings.TrimPrefix(entry.Subject, t.Matters.Collection))
		if err != nil {
			return nil, err
		}
		reach.Subjects = append(reach.Subjects, &caseworkv1.Reach_Subject{Id: id[:]})
	}
	return reach, nil
}
