package consultation

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Reachability has no history (decision 6): only the latest statement is stored, beside the
// journal. It is compared with the domain's clock when it is read.

// SetReachability stores whether a worker or a unit can be reached now. Without a time it is valid
// until the end of the day. A worker may set it for the worker or the worker's unit, and an
// agency's system for all of its agency; others are refused with fault.RoleNotAllowed. A time in
// the past is refused with fault.InvalidField.
func (s *Service) SetReachability(ctx context.Context, r *consultationv1.SetReachabilityRequest) (*consultationv1.SetReachabilityResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	said := proto.CloneOf(r.GetReachability())
	party := said.GetParty()
	if err := s.Directory.Check(party, "reachability.party"); err != nil {
		return nil, err
	}
	if said.GetSubstitute() != nil {
		if err := s.Directory.Check(said.GetSubstitute(), "reachability.substitute"); err != nil {
			return nil, err
		}
	}
	switch {
	case !caller.IsParty(who) || party.GetAgency() != who.Agency || party.GetUnit() != who.Unit && who.Worker != "":
		return nil, fault.New(fault.RoleNotAllowed, "only a unit's own workers or the agency's system can set whether it can be reached")
	case party.GetWorker() != "" && who.Worker != "" && party.GetWorker() != who.Worker:
		return nil, fault.New(fault.RoleNotAllowed, "only the worker or the agency's system can set whether the worker can be reached")
	}
	if said.GetUntil() == nil {
		said.Until = timestamppb.New(matter.EndOfDays(s.Now(), 0))
	}
	if !said.GetUntil().AsTime().After(s.Now()) {
		return nil, fault.New(fault.InvalidField, "the time has passed").Field("reachability.until", "in the future")
	}
	kept, err := proto.Marshal(said)
	if err != nil {
		return nil, fmt.Errorf("consultation: marshal reachability: %w", err)
	}
	if err := s.Settings.SetSetting(ctx, reachabilityKey(party), base64.StdEncoding.EncodeToString(kept)); err != nil {
		return nil, fault.Store(err)
	}
	return &consultationv1.SetReachabilityResponse{}, nil
}

// GetReachability returns for each of the given parties, in their order, whether it can be reached
// now, and otherwise its substitute.
func (s *Service) GetReachability(ctx context.Context, r *consultationv1.GetReachabilityRequest) (*consultationv1.GetReachabilityResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if !caller.IsParty(who) {
		return nil, fault.New(fault.RoleNotAllowed, "only a worker or system of an agency can ask this")
	}
	response := &consultationv1.GetReachabilityResponse{}
	for i, party := range r.GetParties() {
		if err := s.Directory.Check(party, fmt.Sprintf("parties[%d]", i)); err != nil {
			return nil, err
		}
		said, err := s.reachability(ctx, party)
		if err != nil {
			return nil, err
		}
		response.Reachabilities = append(response.Reachabilities, reachableAt(said, s.Now()))
	}
	return response, nil
}

// reachability returns the latest statement about a party; an empty one if there is none.
func (s *Service) reachability(ctx context.Context, party *commonv1.Party) (*consultationv1.Reachability, error) {
	said := &consultationv1.Reachability{}
	value, found, err := s.Settings.Setting(ctx, reachabilityKey(party))
	if err != nil {
		return nil, fault.Store(err)
	}
	if found {
		kept, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return nil, fmt.Errorf("consultation: stored reachability: %w", err)
		}
		if err := proto.Unmarshal(kept, said); err != nil {
			return nil, fmt.Errorf("consultation: stored reachability: %w", err)
		}
	}
	said.Party = party
	return said, nil
}

// reachableAt returns what a statement means now. After its end a party counts as not reachable.
// Its substitute is kept if the statement was "reachable until two o'clock", because it then names
// who answers afterwards; after "away until two" it named who answered before.
func reachableAt(said *consultationv1.Reachability, now time.Time) *consultationv1.Reachability {
	if said.GetUntil() == nil || said.GetUntil().AsTime().After(now) {
		return said
	}
	holds := &consultationv1.Reachability{Party: said.GetParty(), Languages: said.GetLanguages()}
	if said.GetReachable() {
		holds.Substitute = said.GetSubstitute()
	}
	return holds
}

func reachabilityKey(party *commonv1.Party) string {
	return "reachability/" + party.GetAgency() + "/" + party.GetUnit() + "/" + party.GetWorker()
}
