package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// workersEach is the number of workers of a unit: the server limits the rate of calls for each
// worker.
const workersEach = 20

// roles of an agency's workers.
var roles = map[caseworkv1.AgencyKind]identity.Role{
	caseworkv1.AgencyKind_AGENCY_KIND_BENEFITS:        identity.RoleBenefitHandler,
	caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES: identity.RoleSocialWorker,
	caseworkv1.AgencyKind_AGENCY_KIND_HEALTH_CARE:     identity.RoleHealthProfessional,
	caseworkv1.AgencyKind_AGENCY_KIND_YOUTH_WORK:      identity.RoleYouthWorker,
	caseworkv1.AgencyKind_AGENCY_KIND_EMPLOYMENT:      identity.RoleEmploymentOfficer,
}

// party is who gives a command: a worker of a unit, or the agency's system if no worker is named.
type party struct {
	agency, unit, worker string
	role                 identity.Role
}

func system(agency string) party { return party{agency: agency, role: identity.RoleSystem} }

// addressed is the unit as the receiver of a matter.
func (p party) addressed() *commonv1.Party { return &commonv1.Party{Agency: p.agency, Unit: p.unit} }

func (p party) named() *commonv1.Party {
	return &commonv1.Party{Agency: p.agency, Unit: p.unit, Worker: p.worker}
}

// places are the agencies that take part, from the server's directory.
type places struct {
	all []*caseworkv1.Agency
	// municipal are youth work and employment services: many agencies, each with few messages.
	benefits, social, health, municipal []*caseworkv1.Agency
}

// errTooFew says which agencies the load needs.
var errTooFew = errors.New("the directory must have an agency for benefits, one for social services and one for health care; koppi directory country writes a directory of the whole country")

func newPlaces(agencies []*caseworkv1.Agency) (*places, error) {
	p := &places{all: agencies}
	for _, a := range agencies {
		if of := p.of(a.GetKind()); of != nil {
			*of = append(*of, a)
		}
	}
	if len(p.benefits) == 0 || len(p.social) == 0 || len(p.health) == 0 {
		return nil, errTooFew
	}
	return p, nil
}

func (p *places) of(kind caseworkv1.AgencyKind) *[]*caseworkv1.Agency {
	switch kind {
	case caseworkv1.AgencyKind_AGENCY_KIND_BENEFITS:
		return &p.benefits
	case caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES:
		return &p.social
	case caseworkv1.AgencyKind_AGENCY_KIND_HEALTH_CARE:
		return &p.health
	case caseworkv1.AgencyKind_AGENCY_KIND_YOUTH_WORK, caseworkv1.AgencyKind_AGENCY_KIND_EMPLOYMENT:
		return &p.municipal
	default:
		return nil
	}
}

// streamsOf assigns streams to agencies: one to each, whose reader gets all of the agency's
// messages, and the rest to the municipal agencies. This follows the country: many systems are
// connected, and most of them get few messages.
func (p *places) streamsOf(streams int) map[string]int {
	dealt := map[string]int{}
	for _, a := range p.all {
		dealt[a.GetAgency()] = 1
	}
	rest := p.municipal
	if len(rest) == 0 {
		rest = p.all
	}
	for i := range streams - len(p.all) {
		dealt[rest[i%len(rest)].GetAgency()]++
	}
	return dealt
}

// locality is one place in the country: the parties that work with each other there.
type locality struct{ benefits, social, health, municipal party }

// locality picks a place at random, weighted by the size of the organiser.
func (p *places) locality(random *rand.Rand) locality {
	social := weighed(p.social, random)
	unit := pick(social.GetUnits(), random)
	health := near(p.health, unit.GetMunicipalities())
	t := locality{
		benefits: someone(pick(p.benefits, random), nil, random), social: worker(social, unit, random),
		health: someone(pick(health, random), unit.GetMunicipalities(), random),
	}
	// Without youth work in the directory, Kela reports in its place.
	t.municipal = t.benefits
	if len(p.municipal) > 0 {
		t.municipal = someone(pick(near(p.municipal, unit.GetMunicipalities()), random), unit.GetMunicipalities(), random)
	}
	return t
}

func pick[T any](of []T, random *rand.Rand) T { return of[random.IntN(len(of))] }

func weighed(of []*caseworkv1.Agency, random *rand.Rand) *caseworkv1.Agency {
	sum := 0.0
	for _, a := range of {
		sum += share(a.GetAgency())
	}
	at := random.Float64() * sum
	for _, a := range of {
		if at -= share(a.GetAgency()); at < 0 {
			return a
		}
	}
	return of[len(of)-1]
}

// near are the agencies that serve one of the municipalities; all agencies if none does.
func near(of []*caseworkv1.Agency, municipalities []string) []*caseworkv1.Agency {
	found := slices.DeleteFunc(slices.Clone(of), func(a *caseworkv1.Agency) bool {
		return !slices.ContainsFunc(a.GetUnits(), func(u *caseworkv1.Unit) bool { return serves(u, municipalities) })
	})
	if len(found) == 0 {
		return of
	}
	return found
}

func serves(unit *caseworkv1.Unit, municipalities []string) bool {
	return slices.ContainsFunc(unit.GetMunicipalities(), func(m string) bool { return slices.Contains(municipalities, m) })
}

// someone is a worker of a unit that serves one of the municipalities; of any unit if none does.
func someone(of *caseworkv1.Agency, municipalities []string, random *rand.Rand) party {
	units := slices.DeleteFunc(slices.Clone(of.GetUnits()), func(u *caseworkv1.Unit) bool { return !serves(u, municipalities) })
	if len(units) == 0 {
		units = of.GetUnits()
	}
	return worker(of, pick(units, random), random)
}

func worker(of *caseworkv1.Agency, unit *caseworkv1.Unit, random *rand.Rand) party {
	return party{agency: of.GetAgency(), unit: unit.GetUnit(), worker: fmt.Sprintf("load-%02d", random.IntN(workersEach)+1), role: roles[of.GetKind()]}
}
