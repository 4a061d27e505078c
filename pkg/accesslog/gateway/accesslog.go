// Package gateway merges the access logs of all services.
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
)

const (
	accessKind = identity.Kind("access-page")
	// placeSize is the multiple of bytes to which a page's place is padded. A place in the parts of
	// all services fits into it.
	placeSize = 256
)

// AccessLog serves the access log of a client over all services.
type AccessLog struct {
	Services fanout.Services
	Secrets  *identity.Secrets
	People   People
}

// People say what is shown of the people who read.
type People interface {
	// Shown completes a record for its reader, given the emergency reading by which it was made; empty for
	// none.
	Shown(who identity.Caller, access *caseworkv1.Access, emergency string)
}

// ListAccesses merges the access logs of all services, the latest access first. The page token
// holds how far each service's part was returned: accesses that are recorded in the meantime come
// before the first page, and move no later page.
func (l *AccessLog) ListAccesses(ctx context.Context, r *caseworkv1.ListAccessesRequest) (*caseworkv1.ListAccessesResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	place, err := l.accessPlace(who, r)
	if err != nil {
		return nil, err
	}
	size := fanout.PageSize(r.GetPageSize())
	names, parts, err := fanout.AskForCaller(ctx, l.Services, func(ctx context.Context, name string, service caseworkv1.MatterServiceClient) (*caseworkv1.ReadAccessesResponse, error) {
		return service.ReadAccesses(ctx, &caseworkv1.ReadAccessesRequest{Accesses: r, Before: place.GetBefore()[name], Limit: int32(size + 1)}) //nolint:gosec // at most 1001
	})
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.ListAccessesResponse{}
	next := &caseworkv1.AccessPlace{Before: map[string]int64{}, Request: l.accessDigest(r)}
	for name, before := range place.GetBefore() {
		next.Before[name] = before
	}
	page := mailbox.Page{}
	for len(response.GetAccesses()) < size {
		latest := latestOf(parts)
		if latest < 0 && !isCutOff(parts) {
			return response, nil
		}
		if isCutOff(parts) || !page.Takes(parts[latest].GetAccesses()[0]) {
			break
		}
		one := parts[latest].GetAccesses()[0]
		parts[latest].Accesses = parts[latest].GetAccesses()[1:]
		l.People.Shown(who, one.GetAccess(), one.GetEmergencyReadingId())
		response.Accesses, next.Before[names[latest]] = append(response.Accesses, one.GetAccess()), one.GetNumber()
	}
	if latestOf(parts) < 0 && !isCutOff(parts) {
		return response, nil
	}
	// Padding hides the numbers: a larger number takes more bytes.
	next.Padding = make([]byte, placeSize-proto.Size(next)%placeSize)
	payload, err := proto.Marshal(next)
	if err != nil {
		return nil, err
	}
	response.NextPageToken = l.Secrets.Token(accessKind, caller.PageOwner(who), payload)
	return response, nil
}

// isCutOff reports whether a part is used up although its service has more: what follows is not
// known then.
func isCutOff(parts []*caseworkv1.ReadAccessesResponse) bool {
	return slices.ContainsFunc(parts, func(part *caseworkv1.ReadAccessesResponse) bool {
		return part.GetMore() && len(part.GetAccesses()) == 0
	})
}

// latestOf is the index of the part whose next access is the latest; -1 where no part has an access
// left.
func latestOf(parts []*caseworkv1.ReadAccessesResponse) int {
	latest := -1
	for i, part := range parts {
		if len(part.GetAccesses()) == 0 {
			continue
		}
		if at := part.GetAccesses()[0].GetAccess().GetAt().AsTime(); latest < 0 || at.After(parts[latest].GetAccesses()[0].GetAccess().GetAt().AsTime()) {
			latest = i
		}
	}
	return latest
}

// accessPlace is the place at which a page begins; nil for the first page. It fails with
// INVALID_PAGE_TOKEN.
func (l *AccessLog) accessPlace(who identity.Caller, r *caseworkv1.ListAccessesRequest) (*caseworkv1.AccessPlace, error) {
	if r.GetPageToken() == "" {
		return nil, nil
	}
	place := &caseworkv1.AccessPlace{}
	payload, ok := l.Secrets.OpenToken(accessKind, caller.PageOwner(who), r.GetPageToken())
	if !ok || proto.Unmarshal(payload, place) != nil || string(place.GetRequest()) != string(l.accessDigest(r)) {
		return nil, fault.New(fault.InvalidPageToken, "the page token does not belong to this list").Field("page_token", "send it unchanged")
	}
	return place, nil
}

// accessDigest identifies a list, whatever the size of its pages, so that a page token counts for
// that list only.
func (l *AccessLog) accessDigest(r *caseworkv1.ListAccessesRequest) []byte {
	filters := proto.CloneOf(r)
	filters.PageToken, filters.PageSize = "", 0
	body, _ := proto.MarshalOptions{Deterministic: true}.Marshal(filters)
	return l.Secrets.Digest(body)
}
