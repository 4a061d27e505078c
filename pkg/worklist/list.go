// Package worklist reads the worklists of one service. The subpackage gateway merges those of all
// services.
package worklist

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	defaultPage = 50
	maxPage     = 1000
)

// ListRequest is what the requests of all worklists have in common.
type ListRequest interface {
	proto.Message
	GetUnit() string
	GetWorker() string
	GetOverdueOnly() bool
	GetClientId() string
	GetMatterNumber() string
	GetPurpose() string
	GetPageSize() int32
	GetPageToken() string
}

// Filter holds the further filters of a worklist.
type Filter struct {
	// Role of the agency in the matters; empty for any.
	Role   journal.Role
	States []int32
}

// Page is a part of a worklist.
type Page[S matter.State] struct {
	Shown []reading.Shown[S]
	// NextToken continues after this page; empty at the end.
	NextToken string
}

// Worklist reads the worklists of one service. S is the state of its matters.
type Worklist[S matter.State] struct {
	Service   string
	Matters   *reading.Matters[S]
	Store     journal.Store
	Secrets   *identity.Secrets
	Clock     clock.Clock
	AccessLog *accesslog.Recorder
	// Identity returns the identity of a matter's client as its caller may know it; nil if it is not known.
	Identity func(ctx context.Context, who identity.Caller, view matter.View[S]) (*commonv1.Client, error)
	// Once records a reading unless the worker's reading of the matter was recorded today.
	Once func(ctx context.Context, who identity.Caller, purpose string, read accesslog.Reading) error
	// Message returns a matter as its caller reads it.
	Message func(reading.Shown[S]) proto.Message
	// Describe adds to a matter's row what its service alone knows; nil adds nothing.
	Describe func(view S, reader matter.Reader, now time.Time, item *caseworkv1.WorkItem)
	// Decisions returns what the caller may decide that is no matter, as rows after the place of the
	// page, with the readings to record for them. Queries are those of the requested queue.
	Decisions func(
		ctx context.Context, who identity.Caller, r *caseworkv1.ReadWorkRequest, queries []journal.Query,
	) ([]*caseworkv1.WorkItem, []accesslog.Reading, error)
}

// List reads the worklist of the caller's agency, or the matters of the person, earliest due time
// first. Each matter listed is recorded as a reading.
func (l *Worklist[S]) List(ctx context.Context, r ListRequest, filter Filter) (Page[S], error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return Page[S]{}, err
	}
	query, err := l.query(who, r, filter)
	if err != nil {
		return Page[S]{}, err
	}
	size := int(r.GetPageSize())
	if size == 0 {
		size = defaultPage
	}
	query.Limit = min(size, maxPage) + 1
	entries, err := l.entries(ctx, who, query)
	if err != nil {
		return Page[S]{}, err
	}
	page, full := Page[S]{}, len(entries) == query.Limit
	if full {
		entries = entries[:query.Limit-1]
	}
	filled, err := l.Matters.Fill(ctx, who, entries, l.Message)
	if err != nil {
		return Page[S]{}, err
	}
	if page.Shown = filled.Shown; full || filled.Done < len(entries) {
		last := entries[filled.Done-1]
		page.NextToken = l.pageToken(who, r, journal.WorklistCursor{DueAt: last.DueAt, Subject: last.Subject})
	}
	readings := make([]accesslog.Reading, 0, len(page.Shown))
	for _, shown := range page.Shown {
		readings = append(readings, shown.Reading())
	}
	if query.Client != "" && len(readings) == 0 {
		// An empty result is information too, so it is recorded as a reading.
		readings = append(readings, accesslog.Reading{Client: query.Client})
	}
	return page, l.AccessLog.Read(ctx, who, r.GetPurpose(), readings...)
}

// entries returns the entries that a query selects. A search by number also finds what no worklist
// shows but the caller may read: a report that joined another, and a matter entered in error.
func (l *Worklist[S]) entries(ctx context.Context, who identity.Caller, query journal.Query) ([]journal.WorklistEntry, error) {
	query.WithHidden = query.WithHidden || query.Number != ""
	entries, err := l.Store.WorklistEntries(ctx, query)
	if err != nil || query.Number == "" {
		return entries, fault.Store(err)
	}
	known := make([]journal.WorklistEntry, 0, len(entries))
	for _, entry := range entries {
		_, err := l.Matters.Related(ctx, who, strings.TrimPrefix(entry.Subject, l.Matters.Collection))
		switch {
		case fault.ReasonOf(err) == fault.NotFound:
			// The agency has left the matter, or it was erased.
		case err != nil && !errors.Is(err, journal.ErrUnreadable):
			return nil, err
		default:
			known = append(known, entry)
		}
	}
	return known, nil
}

// searched returns the number that a request searches for; empty for none.
func searched(r interface{ GetMatterNumber() string }) (string, error) {
	if r.GetMatterNumber() == "" {
		return "", nil
	}
	number, err := matter.ParseNumber("matter_number", r.GetMatterNumber())
	return string(number), err
}

func (l *Worklist[S]) query(who identity.Caller, r ListRequest, filter Filter) (journal.Query, error) {
	query := l.Matters.Scopes.Query(who, journal.Query{
		Agency: who.Agency, Role: filter.Role, Unit: r.GetUnit(), Worker: r.GetWorker(), OverdueOnly: r.GetOverdueOnly(), States: filter.States,
	})
	number, err := searched(r)
	switch {
	case err != nil:
		return query, err
	case who.Role == identity.RoleClient:
		if r.GetUnit() != "" || r.GetWorker() != "" || r.GetClientId() != "" || r.GetOverdueOnly() || len(filter.States) > 0 {
			return query, fault.New(fault.InvalidField, "a person's own list takes no filter but the number of a matter").
				Field("page_size", "use only this, page_token and matter_number")
		}
		// Each matter has one sender, and so one worklist entry here.
		query = journal.Query{Client: who.Client, Role: journal.RoleSender, WithHidden: true}
	case !caller.IsParty(who):
		return query, fault.New(fault.RoleNotAllowed, "only an agency's worker or system can read a worklist")
	}
	query.Number = number
	if r.GetClientId() != "" {
		if r.GetPurpose() == "" {
			return query, fault.New(fault.InvalidField, "a search by client requires a purpose").Field("purpose", "required with client_id")
		}
		internal, ok := l.Matters.Scopes.InternalID(l.Secrets, who, identity.KindClient, r.GetClientId())
		if !ok {
			return query, caller.UnknownClient("client_id")
		}
		query.Client = internal
	}
	if r.GetPageToken() == "" {
		return query, nil
	}
	after, ok := l.position(who, r)
	if !ok {
		return query, fault.New(fault.InvalidPageToken, "the page token does not belong to this list").Field("page_token", "send it unchanged")
	}
	query.After = &after
	return query, nil
}

// pageToken returns a sealed token with the place in the list and the list to which it belongs.
func (l *Worklist[S]) pageToken(who identity.Caller, r ListRequest, at journal.WorklistCursor) string {
	payload := l.listDigest(r)
	due := int64(0)
	if !at.DueAt.IsZero() {
		due = at.DueAt.UnixMicro()
	}
	payload = binary.BigEndian.AppendUint64(payload, uint64(due))
	return l.Secrets.Token(l.pageKind(), caller.PageOwner(who), append(payload, at.Subject...))
}

func (l *Worklist[S]) position(who identity.Caller, r ListRequest) (journal.WorklistCursor, bool) {
	payload, ok := l.Secrets.OpenToken(l.pageKind(), caller.PageOwner(who), r.GetPageToken())
	digest := l.listDigest(r)
	if !ok || len(payload) < len(digest)+8 || string(payload[:len(digest)]) != string(digest) {
		return journal.WorklistCursor{}, false
	}
	rest := payload[len(digest):]
	at := journal.WorklistCursor{Subject: string(rest[8:])}
	if due := int64(binary.BigEndian.Uint64(rest)); due != 0 { //nolint:gosec // as above
		at.DueAt = time.UnixMicro(due).UTC()
	}
	return at, true
}

// listDigest returns the digest that distinguishes one list's filters from another's.
func (l *Worklist[S]) listDigest(r ListRequest) []byte {
	filters := proto.Clone(r)
	for _, name := range []protoreflect.Name{"page_token", "page_size", "purpose"} {
		message := filters.ProtoReflect()
		if field := message.Descriptor().Fields().ByName(name); field != nil {
			message.Clear(field)
		}
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(filters)
	if err != nil {
		return nil
	}
	return l.Secrets.Digest(body)
}

// pageKind keeps the page tokens of different services apart.
func (l *Worklist[S]) pageKind() identity.Kind { return identity.Kind(l.Service + "-page") }

// Numbers returns states as the numbers that a query takes.
func Numbers[E ~int32](states []E) []int32 {
	numbers := make([]int32, 0, len(states))
	for _, state := range states {
		numbers = append(numbers, int32(state))
	}
	return numbers
}

// Each converts a page of a worklist to messages.
func Each[S matter.State, M any](page Page[S], made func(reading.Shown[S]) M) []M {
	messages := make([]M, 0, len(page.Shown))
	for _, shown := range page.Shown {
		messages = append(messages, made(shown))
	}
	return messages
}
