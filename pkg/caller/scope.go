package caller

import (
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Scopes say which matters of its agency a caller may read (703/2023 § 9). All fields are required.
type Scopes struct {
	Directory *directory.Directory
	Clock     clock.Clock
}

// Of returns a caller's scope; the zero scope for a caller without an agency. An agency's system that acts
// for no worker reads what the agency reads.
func (s Scopes) Of(who identity.Caller) matter.Scope {
	switch {
	case !IsParty(who):
		return matter.Scope{}
	case !IsPerson(who) || !s.Directory.ReadsByUnit(who.Agency):
		return matter.WholeScope(who.Agency)
	}
	now := s.Clock.Now()
	scope := s.OfUnit(who.Party())
	scope.Worker = who.Worker
	// Who is on a roster reads from that Monday until the end of the week after.
	for _, unit := range who.DutyUnits(matter.WeekOf(now), matter.WeekOf(now.AddDate(0, 0, -7))) {
		units, intake := s.Directory.ReadableUnits(who.Agency, unit)
		scope.Units, scope.Intake = append(scope.Units, units...), scope.Intake || intake
	}
	for _, emergency := range who.Emergency(now) {
		if scope.Emergencies == nil {
			scope.Emergencies, scope.EmergencyUnits = map[string]string{}, s.Directory.UnitsOfKind(who.Agency, s.Directory.KindOf(who.Party()))
		}
		scope.Emergencies[emergency.Client] = emergency.ID
	}
	return scope
}

// OfUnit returns the scope that the people of a party's unit have in common.
func (s Scopes) OfUnit(party *commonv1.Party) matter.Scope {
	if !s.Directory.ReadsByUnit(party.GetAgency()) {
		return matter.WholeScope(party.GetAgency())
	}
	units, intake := s.Directory.ReadableUnits(party.GetAgency(), party.GetUnit())
	return matter.Scope{Agency: party.GetAgency(), Units: units, Intake: intake, Known: s.Directory.UnitKeys(party.GetAgency())}
}

// Query limits a query for matters of the caller's agency to those that the caller may read.
func (s Scopes) Query(who identity.Caller, query journal.Query) journal.Query {
	if query.Agency == "" {
		return query
	}
	query.Readable = Readable(s.Of(who))
	return query
}

// nobody is the internal id of no client and of no case.
const nobody = "nobody"

// InternalID returns the internal id of a client or case by the pseudonym of the caller's agency; false if
// it is none. A caller who reads by unit gets the id of nobody instead: to such a caller, a client or case
// of whom it may read nothing and one that does not exist are alike.
func (s Scopes) InternalID(secrets *identity.Secrets, who identity.Caller, kind identity.Kind, pseudonym string) (string, bool) {
	internal, ok := secrets.InternalID(kind, who.Agency, pseudonym)
	if !ok && IsPerson(who) && s.Directory.ReadsByUnit(who.Agency) {
		return nobody, true
	}
	return internal, ok
}

// Readable returns a scope as queries take it; nil if it allows the whole agency.
func Readable(scope matter.Scope) *journal.Readable {
	if scope.Whole {
		return nil
	}
	readable := &journal.Readable{Parts: scope.Own()}
	if scope.Intake {
		readable.None = matter.UnitParts(scope.Known)
	}
	for client := range scope.Emergencies {
		readable.Clients = append(readable.Clients, client)
	}
	if len(readable.Clients) > 0 {
		readable.ClientParts = matter.UnitParts(scope.EmergencyUnits)
	}
	return readable
}
