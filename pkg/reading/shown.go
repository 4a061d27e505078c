// Package reading reads matters for their callers: as they were disclosed to the caller's agency, or
// to the client, under the caller's pseudonyms, and with an access log record of each reading.
package reading

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Shown is a subject as its caller reads it: as it was disclosed to the caller's agency, or to the
// client, under their pseudonyms.
type Shown[S matter.State] struct {
	matter.View[S]
	Actor matter.Actor
	// ClientID and CaseID are the caller's pseudonyms. ClientID is empty for a matter entered in
	// error.
	ClientID, CaseID string
	// MatterNumber is equal for all who know the matter.
	MatterNumber string
	// Now is the time of the reading.
	Now time.Time
	// Delivered says that the other side's system has acknowledged the last message that was
	// disclosed to both.
	Delivered bool
	// Emergency is the id of the emergency reading by which the caller reads; empty for every other
	// reading.
	Emergency string
	// ClientStatus is what the client can expect next, and whom to call; nil for every other caller.
	ClientStatus *commonv1.ClientStatus
}

// Etag returns the etag of the version that was disclosed to the caller's agency. For the client,
// who receives no messages, it is a digest of what the client reads.
func (s Shown[S]) Etag(message proto.Message) string {
	if s.Reader.Role != matter.RoleClient {
		return matter.Etag(s.State.Common().Subject, s.Reader.Agency, s.Version)
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// Shown returns a view as its caller reads it.
func (m *Matters[S]) Shown(view matter.View[S], who identity.Caller) Shown[S] {
	agency := who.Agency
	if who.Role == identity.RoleClient {
		agency = caller.ClientNames
	}
	shown := Shown[S]{View: view, Actor: caller.Actor(who), Now: m.Clock.Now()}
	shown.Emergency = m.Emergency(who, view)
	shown.Actor.ReadOnly = shown.Emergency != ""
	if shown.ClientStatus = m.Engine.Rules.ClientStatus(view, shown.Now); shown.ClientStatus != nil {
		shown.ClientStatus.Contact = m.Directory.ContactPoint(shown.ClientStatus.GetContact().GetParty())
	}
	head := view.State.Common()
	shown.MatterNumber = string(m.Engine.NumberOf(head.Subject, view.Number))
	shown.CaseID = m.Engine.Pseudonyms.CaseName(agency, head.Case)
	if head.Client != "" && !head.IsRevoked() {
		shown.ClientID = m.Engine.Pseudonyms.ClientName(agency, head.Client)
	}
	return shown
}

// Emergency returns the id of the emergency reading by which a caller reads a matter; empty if it reads by
// another right.
func (m *Matters[S]) Emergency(who identity.Caller, view matter.View[S]) string {
	if who.Emergencies == "" {
		return ""
	}
	scope := m.Scopes.Of(who)
	if m.Engine.Rules.PermissionIn(scope, view) != matter.PermissionRead {
		return ""
	}
	return scope.Emergencies[view.State.Common().Client]
}

// Reading returns the access log's reading of a matter in a state, which its caller reads as a view shows it.
func (m *Matters[S]) Reading(who identity.Caller, state S, view matter.View[S]) accesslog.Reading {
	read := accesslog.ReadingOf(state)
	read.Emergency = m.Emergency(who, view)
	return read
}

// Reading returns the access log's reading of the matter.
func (s Shown[S]) Reading() accesslog.Reading {
	read := accesslog.ReadingOf(s.State)
	read.Emergency = s.Emergency
	return read
}
