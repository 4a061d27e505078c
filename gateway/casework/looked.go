package casework

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/exchange"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

const (
	accessKind = identity.Kind("access-page")
	// placeSize is a multiple of what a place in all services' parts takes.
	placeSize = 256
)

// ListAccesses merges what each service recorded of who looked, the latest first. The
// token holds how far each service's part was given out: what is recorded meanwhile comes
// before the first page and moves none.
func (c *Casework) ListAccesses(ctx context.Context, r *caseworkv1.ListAccessesRequest) (*caseworkv1.ListAccessesResponse, error) {
	who, err := matter.Caller(ctx)
	if err != nil {
		return nil, err
	}
	place, err := c.accessPlace(who, r)
	if err != nil {
		return nil, err
	}
	size := pageOf(r.GetPageSize())
	names, parts, err := ask(ctx, c, func(ctx context.Context, name string, service caseworkv1.MatterServiceClient) (*caseworkv1.ReadAccessesResponse, error) {
		return service.ReadAccesses(ctx, &caseworkv1.ReadAccessesRequest{Accesses: r, Before: place.GetBefore()[name], Limit: int32(size + 1)}) //nolint:gosec // at most 1001
	})
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.ListAccessesResponse{}
	next := &caseworkv1.AccessPlace{Before: map[string]int64{}, Request: c.accessDigest(r)}
	for name, before := range place.GetBefore() {
		next.Before[name] = before
	}
	page := exchange.Page{}
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
		response.Accesses, next.Before[names[latest]] = append(response.Accesses, one.GetAccess()), one.GetNumber()
	}
	if latestOf(parts) < 0 && !isCutOff(parts) {
		return response, nil
	}
	// A number takes the more bytes the larger it is.
	next.Padding = make([]byte, placeSize-proto.Size(next)%placeSize)
	payload, err := proto.Marshal(next)
	if err != nil {
		return nil, err
	}
	response.NextPageToken = c.config.Secrets.Token(accessKind, matter.PageOwner(who), payload)
	return response, nil
}

// isCutOff tells whether a part that goes on was given out: what follows it is not known.
func isCutOff(parts []*caseworkv1.ReadAccessesResponse) bool {
	return slices.ContainsFunc(parts, func(part *caseworkv1.ReadAccessesResponse) bool {
		return part.GetMore() && len(part.GetAccesses()) == 0
	})
}

// latestOf is the part whose next access is the latest; -1 where none has one.
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

// accessPlace is where a page begins; nil for the first.
func (c *Casework) accessPlace(who identity.Caller, r *caseworkv1.ListAccessesRequest) (*caseworkv1.AccessPlace, error) {
	if r.GetPageToken() == "" {
		return nil, nil
	}
	place := &caseworkv1.AccessPlace{}
	payload, ok := c.config.Secrets.OpenToken(accessKind, matter.PageOwner(who), r.GetPageToken())
	if !ok || proto.Unmarshal(payload, place) != nil || string(place.GetRequest()) != string(c.accessDigest(r)) {
		return nil, fault.New(fault.InvalidPageToken, "this page token is not of this list").Field("page_token", "as it was given")
	}
	return place, nil
}

// accessDigest tells one list from another, however large its pages.
func (c *Casework) accessDigest(r *caseworkv1.ListAccessesRequest) []byte {
	filters := proto.CloneOf(r)
	filters.PageToken, filters.PageSize = "", 0
	body, _ := proto.MarshalOptions{Deterministic: true}.Marshal(filters)
	return c.config.Secrets.Digest(body)
}
