package gateway

import (
	"slices"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// named are the branches of administration whose records name the worker to the client (703/2023 § 11).
var named = []caseworkv1.AgencyKind{
	caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES, caseworkv1.AgencyKind_AGENCY_KIND_BENEFITS, caseworkv1.AgencyKind_AGENCY_KIND_HEALTH_CARE,
}

// Shown completes a record of the access log for its reader: the reason and verdict of an emergency reading,
// never its explanation or note, and for the client the worker where the law gives the name. Of an unnamed
// worker, and while the people do not count, the client is given the unit.
func (p *People) Shown(who identity.Caller, access *caseworkv1.Access, emergency string) {
	by := access.GetBy()
	staff, _, counts := p.Staff(by.GetAgency())
	for _, one := range staff.Stored.GetEmergencies() {
		if emergency != "" && one.GetEmergencyReadingId() == emergency && one.GetBy().GetWorker() == by.GetWorker() {
			access.EmergencyReason, access.Verdict = one.GetReason(), one.GetVerdict()
		}
	}
	if who.Role != identity.RoleClient || by.GetWorker() == "" {
		return
	}
	kind := p.config.Directory.KindOf(&commonv1.Party{Agency: by.GetAgency(), Unit: by.GetUnit()})
	switch {
	case !slices.Contains(named, kind):
		access.By = matter.UnitAlone(by)
	case !counts || staff.IsUnnamed(by.GetWorker()):
		access.By, access.NameWithheld = matter.UnitAlone(by), true
	}
}
