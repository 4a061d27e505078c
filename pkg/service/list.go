package service

import (
	"context"
	"encoding/binary"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
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
	Shown []Shown[S]
	// NextToken continues after this page; empty at the end.
	NextToken string
}

// List reads the worklist of the caller's agency, or the matters of the person, earliest due time
// first. Each matter listed is recorded as a reading.
func (k *Kernel[S]) List(ctx context.Context, r ListRequest, filter Filter) (Page[S], error) {
	who, err := Caller(ctx)
	if err != nil {
		return Page[S]{}, err
	}
	query, err := k.query(who, r, filter)
	if err != nil {
		return Page[S]{}, err
	}
	size := int(r.GetPageSize())
	if size == 0 {
		size = defaultPage
	}
	query.Limit = min(size, maxPage) + 1
	standings, err := k.Store.WorklistEntries(ctx, query)
	if err != nil {
		return Page[S]{}, fault.Store(err)
	}
	page, full := Page[S]{}, len(standings) == query.Limit
	if full {
		standings = standings[:query.Limit-1]
	}
	filled, err := k.fill(ctx, who, standings, k.config.Message)
	if err != nil {
		return Page[S]{}, err
	}
	if page.Shown = filled.shown; full || filled.done < len(standings) {
		last := standings[filled.done-1]
		page.NextToken = k.pageToken(who, r, journal.WorklistCursor{DueAt: last.DueAt, Subject: last.Subject})
	}
	readings := make([]Reading, 0, len(page.Shown))
	for _, shown := range page.Shown {
		readings = append(readings, readingOf(shown.State))
	}
	if query.Client != "" && len(readings) == 0 {
		// An empty result is information too, so it is recorded as a reading.
		readings = append(readings, Reading{Client: query.Client})
	}
	return page, k.RecordReading(ctx, who, r.GetPurpose(), readings...)
}

// Subjects returns the subjects of worklist entries.
func Subjects(standings []journal.WorklistEntry) []string {
	names := make([]string, 0, len(standings))
	for _, standing := range standings {
		names = append(names, standing.Subject)
	}
	return names
}

func (k *Kernel[S]) query(who identity.Caller, r ListRequest, filter Filter) (journal.Query, error) {
	query := journal.Query{
		Agency: who.Agency, Role: filter.Role, Unit: r.GetUnit(), Worker: r.GetWorker(), OverdueOnly: r.GetOverdueOnly(), States: filter.States,
	}
	switch {
	case who.Role == identity.RoleClient:
		if r.GetUnit() != "" || r.GetWorker() != "" || r.GetClientId() != "" || r.GetOverdueOnly() || len(filter.States) > 0 {
			return query, fault.New(fault.InvalidField, "a person's own list is not filtered").Field("page_size", "this and page_token alone")
		}
		// Each matter has one sender, and so one worklist entry here.
		query = journal.Query{Client: who.Client, Role: journal.RoleSender, WithHidden: true}
	case !IsParty(who):
		return query, fault.New(fault.RoleNotAllowed, "a worklist is an agency's")
	}
	if r.GetClientId() != "" {
		if r.GetPurpose() == "" {
			return query, fault.New(fault.InvalidField, "a search by client needs a purpose").Field("purpose", "required with client_id")
		}
		inner, ok := k.Secrets.InternalID(identity.KindClient, who.Agency, r.GetClientId())
		if !ok {
			return query, fault.New(fault.UnknownClient, "your agency has no matter of this client").Field("client_id", "unknown to your agency")
		}
		query.Client = inner
	}
	if r.GetPageToken() == "" {
		return query, nil
	}
	after, ok := k.position(who, r)
	if !ok {
		return query, fault.New(fault.InvalidPageToken, "this page token is not of this list").Field("page_token", "as it was given")
	}
	query.After = &after
	return query, nil
}

// pageToken returns a sealed token with the place in the list and the list to which it belongs.
func (k *Kernel[S]) pageToken(who identity.Caller, r ListRequest, at journal.WorklistCursor) string {
	payload := k.listDigest(r)
	due := int64(0)
	if !at.DueAt.IsZero() {
		due = at.DueAt.UnixMicro()
	}
	payload = binary.BigEndian.AppendUint64(payload, uint64(due))
	return k.Secrets.Token(k.pageKind(), PageOwner(who), append(payload, at.Subject...))
}

func (k *Kernel[S]) position(who identity.Caller, r ListRequest) (journal.WorklistCursor, bool) {
	payload, ok := k.Secrets.OpenToken(k.pageKind(), PageOwner(who), r.GetPageToken())
	digest := k.listDigest(r)
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

// PageOwner returns the owner of a list: an agency, or a person.
func PageOwner(who identity.Caller) string {
	if who.Role == identity.RoleClient {
		return "client/" + who.Client
	}
	return who.Agency
}

// listDigest returns the digest that distinguishes one list's filters from another's.
func (k *Kernel[S]) listDigest(r ListRequest) []byte {
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
	return k.Secrets.Digest(body)
}

// pageKind keeps the page tokens of different services apart.
func (k *Kernel[S]) pageKind() identity.Kind { return identity.Kind(k.config.Rules.Service + "-page") }

// Numbers returns states as the numbers that a query takes.
func Numbers[E ~int32](states []E) []int32 {
	numbers := make([]int32, 0, len(states))
	for _, state := range states {
		numbers = append(numbers, int32(state))
	}
	return numbers
}
