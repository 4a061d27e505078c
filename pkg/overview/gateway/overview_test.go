package gateway

import (
	"slices"
	"testing"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	operatorv1 "koppi.internal/proto/gen/koppi/operator/v1"
)

// The overview names the agencies whose people read all of the agency, by key, as the directory is now; to
// operators only.
func TestAgencyWide(t *testing.T) {
	read, err := directory.Load("../../../deploy/config/directory.json")
	if err != nil {
		t.Fatal(err)
	}
	o := &Operator{Directory: read, Endpoints: called{}, ReviewsOverdue: func() int32 { return 2 }}
	overview := func(role identity.Role) (*operatorv1.GetOverviewResponse, error) {
		return o.GetOverview(identity.WithCaller(t.Context(), identity.Caller{Role: role}), &operatorv1.GetOverviewRequest{})
	}
	got, err := overview(identity.RoleOperator)
	if want := []string{"etsiva-kuopio", "kela", "tyollisyys-kuopio"}; err != nil || !slices.Equal(got.GetAgencyWide(), want) {
		t.Errorf("%v %v", got.GetAgencyWide(), err)
	}
	read.Replace(&directory.Directory{})
	if got, err := overview(identity.RoleOperator); err != nil || len(got.GetAgencyWide()) != 0 {
		t.Errorf("%v %v", got.GetAgencyWide(), err)
	}
	if _, err := overview(identity.RoleSystem); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Error(err)
	}
}
