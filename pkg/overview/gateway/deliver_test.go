package gateway

import (
	"testing"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	operatorv1 "koppi.internal/proto/gen/koppi/operator/v1"
)

// called are the agencies with an endpoint, and whether this process calls it.
type called map[string]bool

func (called) List() []*operatorv1.Endpoint { return nil }

func (c called) CallNow(agency string) (known, leads bool) {
	leads, known = c[agency]
	return known, leads
}

// An endpoint is called at once for an operator only, and the answer says whether this process is the one that calls it.
func TestDeliverNow(t *testing.T) {
	o := &Operator{Endpoints: called{"kela": true, "hva": false}}
	for _, test := range []struct {
		role   identity.Role
		agency string
		asked  bool
		want   fault.Reason
	}{
		{identity.RoleOperator, "kela", true, ""},
		{identity.RoleOperator, "hva", false, ""},
		{identity.RoleOperator, "unknown", false, fault.NotFound},
		{identity.RoleSystem, "kela", false, fault.RoleNotAllowed},
	} {
		ctx := identity.WithCaller(t.Context(), identity.Caller{Role: test.role})
		got, err := o.DeliverNow(ctx, &operatorv1.DeliverNowRequest{Agency: test.agency})
		if got.GetAsked() != test.asked || fault.ReasonOf(err) != test.want {
			t.Errorf("%s %s: %v %v", test.role, test.agency, got, err)
		}
	}
}
