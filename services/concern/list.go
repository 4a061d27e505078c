package concern

import (
	"context"
	"encoding/binary"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

const (
	defaultPage = 50
	maxPage     = 1000
	kindPage    = identity.Kind("concern-page")
)

// ListConcerns is the worklist: what the caller's agency received, or sent, the
// soonest due first. Each concern listed is a recorded reading.
func (s *Service) ListConcerns(ctx context.Context, r *concernv1.ListConcernsRequest) (*concernv1.ListConcernsResponse, error) {
	who, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	query, err := s.query(who, r)
	if err != nil {
		return nil, err
	}
	if !partyRole(who) {
		return nil, fault.New(fault.RoleNotAllowed, "a worklist is an agency's")
	}
	size := int(r.GetPageSize())
	if size == 0 {
		size = defaultPage
	}
	query.Limit = min(size, maxPage) + 1
	standings, err := s.deps.Store.Standings(ctx, query)
	if err != nil {
		return nil, fault.Store(err)
	}
	response := &concernv1.ListConcernsResponse{}
	if len(standings) == query.Limit {
		standings = standings[:query.Limit-1]
		last := standings[len(standings)-1]
		response.NextPageToken = s.pageToken(who, r, journal.Position{DueAt: last.DueAt, Subject: last.Subject})
	}
	histories, err := s.engine.Read(ctx, who.Agency, subjects(standings)...)
	if err != nil {
		return nil, err
	}
	var readings []read
	for _, history := range histories {
		concern := s.concern(history, who)
		if concern.Status.Delivered, err = s.delivered(ctx, history, who.Agency); err != nil {
			return nil, err
		}
		response.Concerns = append(response.Concerns, concern)
		readings = append(readings, reading(history))
	}
	if query.Client != "" && len(readings) == 0 {
		// That nothing was found is found out, too.
		readings = append(readings, read{client: query.Client})
	}
	return response, s.recordReading(ctx, who, r.GetPurpose(), readings...)
}

func (s *Service) query(who identity.Caller, r *concernv1.ListConcernsRequest) (journal.Query, error) {
	query := journal.Query{
		Agency: who.Agency, Role: journal.RoleReceiver, Unit: r.GetUnit(), Worker: r.GetWorker(), OverdueOnly: r.GetOverdueOnly(),
	}
	if r.GetSent() {
		query.Role = journal.RoleSender
	}
	for _, state := range r.GetStates() {
		query.States = append(query.States, int32(state))
	}
	if r.GetClientId() != "" {
		if r.GetPurpose() == "" {
			return query, fault.New(fault.InvalidField, "a search by client needs a purpose").Field("purpose", "required with client_id")
		}
		if identity.ContainsCode(r.GetPurpose()) {
			return query, fault.New(fault.ContentNotAllowed, "the purpose holds what looks like an identity code").Field("purpose", "without it")
		}
		inner, ok := s.deps.Secrets.Inward(identity.KindClient, who.Agency, r.GetClientId())
		if !ok {
			return query, fault.New(fault.UnknownClient, "your agency has no matter of this client").Field("client_id", "unknown to your agency")
		}
		query.Client = inner
	}
	if r.GetPageToken() == "" {
		return query, nil
	}
	after, ok := s.position(who, r)
	if !ok {
		return query, fault.New(fault.InvalidPageToken, "this page token is not of this list").Field("page_token", "as it was given")
	}
	query.After = &after
	return query, nil
}

// pageToken seals the place in the list, and which list it is of.
func (s *Service) pageToken(who identity.Caller, r *concernv1.ListConcernsRequest, at journal.Position) string {
	payload := s.listDigest(r)
	due := int64(0)
	if !at.DueAt.IsZero() {
		due = at.DueAt.UnixMicro()
	}
	payload = binary.BigEndian.AppendUint64(payload, uint64(due))
	return s.deps.Secrets.Token(kindPage, who.Agency, append(payload, at.Subject...))
}

func (s *Service) position(who identity.Caller, r *concernv1.ListConcernsRequest) (journal.Position, bool) {
	payload, ok := s.deps.Secrets.OpenToken(kindPage, who.Agency, r.GetPageToken())
	digest := s.listDigest(r)
	if !ok || len(payload) < len(digest)+8 || string(payload[:len(digest)]) != string(digest) {
		return journal.Position{}, false
	}
	rest := payload[len(digest):]
	at := journal.Position{Subject: string(rest[8:])}
	if due := int64(binary.BigEndian.Uint64(rest)); due != 0 { //nolint:gosec // as above
		at.DueAt = time.UnixMicro(due).UTC()
	}
	return at, true
}

// listDigest tells one list's filters from another's.
func (s *Service) listDigest(r *concernv1.ListConcernsRequest) []byte {
	filters := proto.CloneOf(r)
	filters.PageToken, filters.PageSize, filters.Purpose = "", 0, ""
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(filters)
	if err != nil {
		return nil
	}
	return s.deps.Secrets.Digest(body)
}
