package caller_test

import (
	"testing"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/identity"
)

// A team leader who is a social worker may do what is reserved to social workers; one without a profession may not.
func TestLeaderActs(t *testing.T) {
	leader := identity.Caller{Agency: "hva", Worker: "tk-01", Role: identity.RoleTeamLeader}
	if !caller.IsPerson(leader) || !caller.IsParty(leader) || caller.Actor(leader).IsSocialWorker() {
		t.Errorf("%+v", caller.Actor(leader))
	}
	leader.Profession = identity.RoleSocialWorker
	if !caller.Actor(leader).IsSocialWorker() {
		t.Errorf("%+v", caller.Actor(leader))
	}
}
