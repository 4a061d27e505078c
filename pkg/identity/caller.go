// Package identity establishes who calls and whom a matter concerns: it verifies tokens and maps them to
// callers, and gives clients pseudonyms.
package identity

import (
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
	RoleHealthProfessional, RoleYouthWorker, RoleEmploymentOfficer,
}

// IsWorker reports whether the role is a worker's profession.
func (r Role) IsWorker() bool { return slices.Contains(workers, r) }

func (r Role) known() bool {
	return r.IsWorker() || r == RoleSystem || r == RoleClient || r == RoleOperator
}

// Caller is the caller as the token says and, for a system, the metadata.
type Caller struct {
	Agency, Unit, Worker string
	// Role in which the caller acts; for a system that acts for a worker, the worker's role.
	Role Role
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
