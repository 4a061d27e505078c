// Package gateway merges the histories of all services into timelines.
package gateway

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/mailbox"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const tokenKind = identity.Kind("timeline-page")

// Timeline serves the timeline of a case or client over all services.
type Timeline struct {
	Services fanout.Services
	Secrets  *identity.Secrets
}

// GetTimeline reads from each service the messages that follow a place, and merges them. The page
// token holds how far each service's history reached at the first page, so that messages that
// arrive in the meantime neither move a page nor appear on one.
func (t *Timeline) GetTimeline(ctx context.Context, r *caseworkv1.GetTimelineRequest) (*caseworkv1.GetTimelineResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	place, err := t.place(who, r)
	if err != nil {
		return nil, err
	}
	size := fanout.PageSize(r.GetPageSize())
	names, parts, err := fanout.AskForCaller(ctx, t.Services, func(ctx context.Context, name string, service caseworkv1.MatterServiceClient) (*caseworkv1.ReadHistoryResponse, error) {
		return service.ReadHistory(ctx, &caseworkv1.ReadHistoryRequest{
			CaseId: r.GetCaseId(), ClientId: r.GetClientId(), Purpose: r.GetPurpose(), Limit: int32(size + 1), //nolint:gosec // at most 1001
			Reach: place.GetReaches()[name], After: place.GetAfter(), AfterMessageId: place.GetAfterMessageId(),
			AfterSubject: place.GetAfterSubject(), AfterVersion: place.GetAfterVersion(),
		})
	})
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.GetTimelineResponse{}
	next := &caseworkv1.TimelinePlace{Reaches: map[string]*caseworkv1.Reach{}, Request: t.digest(r)}
	for i, part := range parts {
		next.Reaches[names[i]] = part.GetReach()
		if reach := place.GetReaches()[names[i]]; reach != nil {
			next.Reaches[names[i]] = reach
		}
		response.Messages = append(response.Messages, part.GetMessages()...)
	}
	slices.SortFunc(response.Messages, mailbox.ByTime)
	taken := fanout.OnPage(size, response.GetMessages(), func(message *exchangev1.CaseMessage) bool { return isKnown(parts, message) })
	if taken == len(response.GetMessages()) && !slices.ContainsFunc(parts, (*caseworkv1.ReadHistoryResponse).GetMore) {
		return response, nil
	}
	response.Messages = response.Messages[:taken]
	last := response.GetMessages()[taken-1]
	next.After, next.AfterMessageId = last.GetOccurredAt(), last.GetMessageId()
	next.AfterSubject, next.AfterVersion = last.GetSubject(), last.GetSubjectVersion()
	payload, err := proto.Marshal(next)
	if err != nil {
		return nil, err
	}
	response.NextPageToken = t.Secrets.Token(tokenKind, caller.PageOwner(who), payload)
	return response, nil
}

// isKnown reports whether a message can be placed: it does not come after the end of a part whose
// service has more. Before that end, no service has another message.
func isKnown(parts []*caseworkv1.ReadHistoryResponse, message *exchangev1.CaseMessage) bool {
	return !slices.ContainsFunc(parts, func(part *caseworkv1.ReadHistoryResponse) bool {
		return part.GetMore() && mailbox.ByTime(message, part.GetMessages()[len(part.GetMessages())-1]) > 0
	})
}

// place is the place at which a page begins; nil for the first page. It fails with
// INVALID_PAGE_TOKEN.
func (t *Timeline) place(who identity.Caller, r *caseworkv1.GetTimelineRequest) (*caseworkv1.TimelinePlace, error) {
	if r.GetPageToken() == "" {
		return nil, nil
	}
	place := &caseworkv1.TimelinePlace{}
	payload, ok := t.Secrets.OpenToken(tokenKind, caller.PageOwner(who), r.GetPageToken())
	if !ok || proto.Unmarshal(payload, place) != nil || string(place.GetRequest()) != string(t.digest(r)) {
		return nil, fault.New(fault.InvalidPageToken, "the page token does not belong to this timeline").Field("page_token", "send it unchanged")
	}
	return place, nil
}

// digest identifies a timeline, whatever the size of its pages, so that a page token counts for
// that timeline only.
func (t *Timeline) digest(r *caseworkv1.GetTimelineRequest) []byte {
	return t.Secrets.Digest([]byte(r.GetCaseId()), []byte(r.GetClientId()))
}
