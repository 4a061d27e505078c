package service

import (
	"time"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Addressed returns a party as the directory completes it, and how long it has to act. If the party
// names no unit, the directory chooses the one that serves the client's municipality, language and
// the requested service. OnCall is the unit of its kind that is on call at the time; nil if there is none.
func (s *Service[S]) Addressed(party *commonv1.Party, home matter.Home, serviceKey string, at time.Time) (full, onCall *commonv1.Party, graces matter.Graces) {
	agency, _ := s.Directory.Agency(party.GetAgency())
	full = &commonv1.Party{Agency: party.GetAgency(), Unit: party.GetUnit(), Worker: party.GetWorker()}
	if full.GetUnit() == "" {
		full.Unit = s.Directory.To(party.GetAgency(), directory.RoutingQuery{
			Municipality: home.Municipality, Language: home.Language, ServiceKey: serviceKey,
		})
	}
	return full, s.Directory.OnCall(full, at), agency.Graces
}
