package identity

import (
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"koppi.internal/pkg/idcode"
)

// Default names of the claims of a token, beside the registered claims.
const (
	claimAgency = "koppi_agency"
	claimUnit   = "koppi_unit"
	claimRole   = "koppi_role"
	claimClient = "koppi_client"
	// claimName is the claim of OpenID Connect Core 1.0 § 5.1.
	claimName       = "name"
	claimProfession = "koppi_profession"
	// claimDuty and claimEmergencies hold Caller.Duty and Emergencies, in the suite's own tokens.
	claimDuty        = "koppi_duty"
	claimEmergencies = "koppi_emergencies"
	// claimActor names, in the suite's own tokens, the system that acts for a worker (RFC 8693 § 4.1).
	claimActor = "act"
)

// claimsOf returns the claims of a token by name.
func claimsOf(token jwt.Token) map[string]any {
	claims := map[string]any{}
	for _, name := range token.Keys() {
		var value any
		if token.Get(name, &value) == nil {
			claims[name] = value
		}
	}
	return claims
}

// caller maps the claims to a caller, by the names that the issuer uses, and checks that the issuer may speak
// for that caller and that the directory has its agency and unit.
func (v *Verifier) caller(claims map[string]any, expires time.Time, from issuer) (Caller, error) {
	role, profession, err := roleOf(claims, from)
	if err != nil {
		return Caller{}, err
	}
	caller := Caller{Role: role, Profession: profession, Expires: expires, Issuer: from.Issuer}
	if role.IsWorker() {
		caller.Name = nameOf(claims, from.Claims.Name)
	}
	var ok bool
	if caller.Agency, ok = text(claims, from.Claims.Agency); !ok {
		return Caller{}, invalidToken("its agency is malformed")
	}
	if caller.Client, ok = v.client(claims, role, from); !ok {
		return Caller{}, invalidToken("its client is malformed")
	}
	if caller.Agency == "" && role != RoleClient {
		caller.Agency = from.Agency
	}
	caller.Unit, ok = pick(claims, from.Claims.Unit, from.Units, func(unit string) bool {
		return hasUnit(v.config.Directory, caller.Agency, unit)
	})
	if !ok {
		return Caller{}, invalidToken("its unit is unknown")
	}
	subject, ok := text(claims, from.Claims.Worker)
	switch {
	case role == RoleClient, role == RoleSuite:
	case !ok || !idcode.IsSubject(subject):
		return Caller{}, invalidToken("its subject is missing or malformed")
	case role == RoleSystem:
		caller.System, caller.SystemSubject = true, subject
	default:
		caller.Worker = subject
	}
	if from.suite && caller.Worker != "" {
		caller.SystemSubject, _ = text(claims, claimActor+"."+jwt.SubjectKey)
		caller.System = caller.SystemSubject != ""
		duty, _ := text(claims, claimDuty)
		emergencies, _ := text(claims, claimEmergencies)
		caller.Duty, caller.Emergencies = Set(duty), Set(emergencies)
	}
	return caller, v.may(caller, from)
}

// client returns the internal id of the person for whom a token speaks; empty if there is none. It does not
// read the identity code of a worker.
func (v *Verifier) client(claims map[string]any, role Role, from issuer) (string, bool) {
	switch {
	case from.Claims.Code == "":
		return text(claims, from.Claims.Client)
	case role != RoleClient:
		return "", true
	}
	named, ok := text(claims, from.Claims.Code)
	if named == "" || !ok {
		return "", ok
	}
	code, err := idcode.Parse(named, v.config.Persons, v.config.Now())
	if err != nil {
		return "", false
	}
	return v.config.Secrets.ClientID(code), true
}

// may reports whether the issuer may speak for a caller, and whether the directory has the caller's agency
// and unit.
func (v *Verifier) may(caller Caller, from issuer) error {
	switch {
	case caller.Role == RoleSuite && from.suite && caller.Agency == "" && caller.Client == "":
		return nil
	case !caller.Role.known():
		return invalidToken("its role is missing or not accepted")
	case caller.Role == RoleClient:
		if caller.Client == "" || caller.Agency != "" || !from.Clients {
			return invalidToken("its issuer may not speak for this caller")
		}
		return nil
	case caller.Client != "":
		return invalidToken("its issuer may not speak for this caller")
	case caller.Role == RoleOperator && !from.Operators:
		return invalidToken("its issuer may not speak for this caller")
	case caller.Role == RoleOperator && caller.Agency == "":
		return nil
	case !from.Everyone && !slices.Contains(from.Agencies, caller.Agency):
		return invalidToken("its issuer may not speak for this caller")
	}
	if err := v.config.Directory.Check(caller.Party(), "token"); err != nil {
		return invalidToken("its unit is unknown")
	}
	return nil
}

// at returns a claim by its full name, or by a path of names separated by dots; nil if it is missing.
func at(claims map[string]any, path string) any {
	if value, there := claims[path]; there {
		return value
	}
	for i, r := range path {
		if r != '.' {
			continue
		}
		if within, ok := claims[path[:i]].(map[string]any); ok {
			if value := at(within, path[i+1:]); value != nil {
				return value
			}
		}
	}
	return nil
}

// text returns a claim that is a string; empty if it is missing, and false if it has another type.
func text(claims map[string]any, path string) (string, bool) {
	switch value := at(claims, path).(type) {
	case nil:
		return "", true
	case string:
		return value, true
	default:
		return "", false
	}
}

// pick maps a claim's value to one of ours. A string must be known. In a list, unknown values are ignored,
// and exactly one known value must remain: otherwise a person with several roles would act in one that nobody
// chose. A missing claim or an empty string gives no value.
func pick[T ~string](claims map[string]any, path string, ours map[string]T, known func(T) bool) (T, bool) {
	found, ok := recognized(claims, path, ours, known)
	switch {
	case !ok || len(found) > 1:
		return "", false
	case len(found) == 0:
		return "", true
	}
	return found[0], true
}

// recognized maps a claim's value to those of ours that it names, each once. A missing claim or an empty string
// names none. It returns false for a string that is not known, a list with no known value, and another type.
func recognized[T ~string](claims map[string]any, path string, ours map[string]T, known func(T) bool) ([]T, bool) {
	lead := func(theirs string) (T, bool) {
		value, mapped := T(theirs), true
		if ours != nil {
			value, mapped = ours[theirs]
		}
		return value, mapped && known(value)
	}
	switch value := at(claims, path).(type) {
	case nil:
		return nil, true
	case string:
		if value == "" {
			return nil, true
		}
		one, ok := lead(value)
		return []T{one}, ok
	case []any:
		var found []T
		for _, one := range value {
			theirs, ok := one.(string)
			if !ok {
				return nil, false
			}
			if one, ok := lead(theirs); ok && !slices.Contains(found, one) {
				found = append(found, one)
			}
		}
		return found, len(found) > 0
	default:
		return nil, false
	}
}
