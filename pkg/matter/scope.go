package matter

// Permission is what a scope allows in a matter. A higher one includes the lower.
type Permission int

const (
	// PermissionNone treats the matter as one that does not exist.
	PermissionNone Permission = iota
	// PermissionRead allows to read, on an emergency reading, and to take no step.
	PermissionRead
	// PermissionFull allows what the rules of the matter allow.
	PermissionFull
)

// Scope says which matters of its agency a caller may read (703/2023 § 9). The zero Scope allows none.
type Scope struct {
	// Agency is the caller's.
	Agency string
	// Whole allows all matters of the agency: for its systems, and where its people do not read by unit.
	Whole bool
	// Units are the units whose matters the caller reads: those of its areas, and of rosters.
	Units []string
	// Worker is the caller's; it reads the matters that name it.
	Worker string
	// Intake says that the caller reads matters none of whose units is among Known, the units of the
	// directory: what a unit had that is gone.
	Intake bool
	Known  []string
	// Emergencies are the internal ids of the clients whose matters the caller reads in an emergency, each
	// with the name of the emergency reading; EmergencyUnits are the units in which it does.
	Emergencies    map[string]string
	EmergencyUnits []string
}

// WholeScope is the scope of an agency itself.
func WholeScope(agency string) Scope { return Scope{Agency: agency, Whole: true} }

// Permission returns what the scope allows in a matter of a client with these parts of the agency.
func (s Scope) Permission(parts Parts, client string) Permission {
	switch {
	case s.Whole, parts.Has(s.Own()...), s.Intake && !parts.Has(UnitParts(s.Known)...):
		return PermissionFull
	case client != "" && s.Emergencies[client] != "" && parts.Has(UnitParts(s.EmergencyUnits)...):
		return PermissionRead
	default:
		return PermissionNone
	}
}

// Own are the parts of matters that the caller reads, as Parts hold them.
func (s Scope) Own() []string {
	own := UnitParts(s.Units)
	if s.Worker != "" {
		own = append(own, WorkerPart(s.Worker))
	}
	return own
}
