// Package gateway shows the directory to callers.
package gateway

import (
	"context"
	"maps"
	"slices"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Directory serves the directory of agencies and units.
type Directory struct{ Directory *directory.Directory }

// GetAgencies returns the directory, ordered by key. Duty telephone numbers are shown to operators
// only; a unit's duty roster, and its areas where the agency reads by unit, to its own agency only.
func (d *Directory) GetAgencies(ctx context.Context, _ *caseworkv1.GetAgenciesRequest) (*caseworkv1.GetAgenciesResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.GetAgenciesResponse{}
	for _, agency := range d.Directory.Agencies() {
		shown := &caseworkv1.Agency{
			Agency: agency.Key, Names: agency.Names, ShortNames: agency.ShortNames, Kind: agency.Kind, EmergencyPhone: agency.EmergencyPhone,
		}
		if who.Role == identity.RoleOperator {
			shown.DutyPhone = agency.DutyPhone
		}
		define(shown, agency, caller.IsParty(who) && who.Agency == agency.Key)
		for _, unit := range agency.Units {
			made := toUnit(unit)
			if caller.IsParty(who) && who.Agency == agency.Key {
				made.Duty = toDuty(unit.Duty)
				if agency.ByUnit {
					made.Area, made.Reads = unit.Area, unit.Reads
				}
			}
			shown.Units = append(shown.Units, made)
		}
		response.Agencies = append(response.Agencies, shown)
	}
	for _, one := range d.Directory.Municipalities() {
		response.Municipalities = append(response.Municipalities, &caseworkv1.Municipality{Code: one.Code, Names: one.Names})
	}
	return response, nil
}

// define adds the words by which an agency judges; those by which it divides its work are for its own people.
func define(shown *caseworkv1.Agency, agency directory.Agency, own bool) {
	words := agency.Definitions
	for _, urgency := range slices.Sorted(maps.Keys(words.Urgency)) {
		shown.UrgencyDefinitions = append(shown.UrgencyDefinitions, &caseworkv1.UrgencyDefinition{Urgency: urgency, Texts: words.Urgency[urgency]})
	}
	if welfare := agency.ChildWelfare; welfare != nil {
		shown.ChildWelfare = &caseworkv1.ChildWelfare{Phone: welfare.Phone, Url: welfare.URL}
	}
	if !own {
		return
	}
	for _, need := range slices.Sorted(maps.Keys(words.Needs)) {
		shown.SupportNeeds = append(shown.SupportNeeds, &caseworkv1.SupportNeedDefinition{SupportNeed: need, Names: words.Needs[need].Names, Definitions: words.Needs[need].Texts})
	}
	shown.FourField = &caseworkv1.FourFieldNames{Support: words.Support, Difficulty: words.Difficulty}
}

// toDuty converts a duty roster, ordered by week.
func toDuty(roster map[string][]string) []*caseworkv1.DutyPair {
	var duty []*caseworkv1.DutyPair
	for _, week := range slices.Sorted(maps.Keys(roster)) {
		duty = append(duty, &caseworkv1.DutyPair{Week: week, Workers: roster[week]})
	}
	return duty
}

func toUnit(unit directory.Unit) *caseworkv1.Unit {
	shown := &caseworkv1.Unit{
		Unit: unit.Key, Names: unit.Names, Municipalities: unit.Municipalities, Languages: unit.Languages,
		ServiceKeys: unit.ServiceKeys, Intake: unit.Intake, ShortNames: unit.ShortNames,
		Phone: unit.Phone, PhoneHours: unit.PhoneHours, Address: unit.Address, Kind: unit.Kind,
	}
	if unit.OnCall != nil {
		shown.OnCall = &caseworkv1.OnCall{WorkingDays: unit.OnCall.WorkingDays, OtherDays: unit.OnCall.OtherDays}
	}
	return shown
}

// FindUnits returns the units that fit a client: agencies ordered by key, and in each agency the
// most fitting units first. An unknown agency is refused with UNKNOWN_PARTY.
func (d *Directory) FindUnits(_ context.Context, r *caseworkv1.FindUnitsRequest) (*caseworkv1.FindUnitsResponse, error) {
	if r.GetAgency() != "" {
		if _, known := d.Directory.Agency(r.GetAgency()); !known {
			return nil, fault.New(fault.UnknownParty, "the agency does not exist").Field("agency", "not in the directory")
		}
	}
	query := directory.RoutingQuery{Municipality: r.GetMunicipality(), ServiceKey: r.GetServiceKey(), Language: r.GetLanguage()}
	response := &caseworkv1.FindUnitsResponse{}
	for _, agency := range d.Directory.Agencies() {
		if r.GetAgency() != "" && r.GetAgency() != agency.Key ||
			r.GetKind() != caseworkv1.AgencyKind_AGENCY_KIND_UNSPECIFIED && r.GetKind() != agency.Kind {
			continue
		}
		for _, unit := range agency.Route(query) {
			response.Routes = append(response.Routes, &caseworkv1.Route{
				Party: &commonv1.Party{Agency: agency.Key, Unit: unit.Key}, Unit: toUnit(unit), Kind: agency.Kind, InLanguage: unit.Speaks(r.GetLanguage()),
			})
		}
	}
	return response, nil
}
