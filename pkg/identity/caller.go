// Package identity knows who calls and whom a matter concerns: tokens and the callers they
// speak for, and the names that stand in the place of clients.
package identity

import (
	"context"
	"slices"
	"time"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Role is in which capacity somebody calls.
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
	// RoleClient is the person whom matters concern.
	RoleClient Role = "client"
	// RoleOperator runs Koppi and sees no matters.
	RoleOperator Role = "operator"
	// RoleSuite is a process of the suite itself, in nobody's name. The suite's own issuer
	// alone names it, and it opens what the suite's processes ask each other and no more.
	RoleSuite Role = "suite"
)

var workers = []Role{
	RoleSocialWorker, RoleSocialCounsellor, RoleServiceGuide, RoleBenefitHandler,
	RoleHealthProfessional, RoleYouthWorker, RoleEmploymentOfficer,
}

// IsWorker tells whether it is a worker's profession.
func (r Role) IsWorker() bool { return slices.Contains(workers, r) }

func (r Role) known() bool {
	return r.IsWorker() || r == RoleSystem || r == RoleClient || r == RoleOperator
}

// Caller is who calls, as the token and, for a system, the metadata say.
type Caller struct {
	Agency, Unit, Worker string
	// Role acted in: of a system in a worker's name, the worker's.
	Role Role
	// System tells that a system calls, and SystemSubject which.
	System        bool
	SystemSubject string
	// Client is the inner id of the person; of role client alone.
	Client string
	// Issuer is who proved it.
	Issuer string
	// Expires is when the token does.
	Expires time.Time
}

// Party is the caller as events name it.
func (c Caller) Party() *commonv1.Party {
	return &commonv1.Party{Agency: c.Agency, Unit: c.Unit, Worker: c.Worker}
}

type callerKey struct{}

// WithCaller carries the caller of a call.
func WithCaller(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// FromContext is the caller of a call; false where none was verified.
func FromContext(ctx context.Context) (Caller, bool) {
	caller, ok := ctx.Value(callerKey{}).(Caller)
	return caller, ok
}
