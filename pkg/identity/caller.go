// Package identity establishes who calls and whom a matter concerns: it verifies tokens and maps them to
// callers, and gives clients pseudonyms.
package identity

import (
	"cmp"
	"context"
	"slices"
	"time"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Role is the capacity in which a caller acts.
type Role string

const (
	RoleSocialWorker       Role = "social_worker"
	RoleSocialCounsellor   Role = "social_counsellor"
	RoleServiceGuide       Role = "service_guide"
	RoleBenefitHandler     Role = "benefit_handler"
	RoleHealthProfessional Role = "health_professional"
	RoleYouthWorker        Role = "youth_worker"
	RoleEmploymentOfficer  Role = "employment_officer"
	// RoleTeamLeader is a worker who leads others. It is no profession; a leader may have one beside it.
	RoleTeamLeader Role = "team_leader"
	// RoleSystem is a partner agency's system.
	RoleSystem Role = "system"
	// RoleClient is a person whom matters concern.
	RoleClient Role = "client"
	// RoleOperator runs Koppi and cannot see matters.
	RoleOperator Role = "operator"
	// RoleSuite is a process of Koppi itself that acts for no caller. Only the suite's own issuer may name
	// this role. It gives access only to the methods that the suite's processes call among themselves.
	RoleSuite Role = "suite"
)

var workers = []Role{
	RoleSocialWorker, RoleSocialCounsellor, RoleServiceGuide, RoleBenefitHandler,
	RoleHealthProfessional, RoleYouthWorker, RoleEmploymentOfficer, RoleTeamLeader,
}

// IsWorker reports whether the role is a worker's: a profession, or a leader's role.
func (r Role) IsWorker() bool { return slices.Contains(workers, r) }

// IsProfession reports whether the role is a worker's profession.
func (r Role) IsProfession() bool { return r.IsWorker() && r != RoleTeamLeader }

func (r Role) known() bool {
	return r.IsWorker() || r == RoleSystem || r == RoleClient || r == RoleOperator
}

// Caller is the caller as the token says and, for a system, the metadata. It is comparable: tokens are cached
// by it.
type Caller struct {
	Agency, Unit, Worker string
	// Role in which the caller acts; for a system that acts for a worker, the worker's role.
	Role Role
	// Profession of a team leader, empty if the token names none. It is set only for role team_leader.
	Profession Role
	// Name of a worker for people to read: at most 100 characters, no identity code; empty if the token has
	// none that can be shown. No rule may depend on it, and no log may hold it.
	Name string
	// Duty are the weeks in which the caller is on the roster of a unit, each as "unit/2026-W48".
	// Emergencies are its emergency readings: see Emergency. Both are in the suite's own tokens alone.
	Duty, Emergencies Set
	// System says that a system calls, and SystemSubject which one.
	System        bool
	SystemSubject string
	// Client is the person's internal id; set only for role client.
	Client string
	// Issuer is the issuer that identified the caller.
	Issuer string
	// Expires is when the token expires.
	Expires time.Time
}

// Party returns the caller as events name it.
func (c Caller) Party() *commonv1.Party {
	return &commonv1.Party{Agency: c.Agency, Unit: c.Unit, Worker: c.Worker}
}

// Recorded returns the caller as the access log records it: who called, and the worker for whom a system called.
// A system that acts for itself or for a worker is the caller, by its own subject and without a unit.
func (c Caller) Recorded() (by *commonv1.Party, onBehalfOf string) {
	if !c.System {
		return c.Party(), ""
	}
	return &commonv1.Party{Agency: c.Agency, Worker: c.SystemSubject}, c.Worker
}

// Acts returns the role that the rules on professions read: the profession if there is one, else the role.
func (c Caller) Acts() Role { return cmp.Or(c.Profession, c.Role) }

type callerKey struct{}

// WithCaller returns a context that carries the caller.
func WithCaller(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// FromContext returns the caller of a call; false if none was verified.
func FromContext(ctx context.Context) (Caller, bool) {
	caller, ok := ctx.Value(callerKey{}).(Caller)
	return caller, ok
}
