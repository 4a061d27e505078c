package gateway_test

import (
	"fmt"
	"testing"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/directory/gateway"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// agency is an agency with two units in one area, of which b reads the area of c.
func agency(key, reading string) string {
	const names = `"names":{"fi":"A","sv":"A","en":"A"}`
	unit := func(more string) string { return `{` + names + `,"languages":["fi"],` + more + `}` }
	return fmt.Sprintf(`{"agency":%q,"kind":"BENEFITS",%s,"noConsentProfile":"MINIMAL","reading":%q,"units":[%s,%s,%s]}`, key, names, reading,
		unit(`"unit":"a","area":"west","intake":true`), unit(`"unit":"b","area":"west","reads":["c"]`), unit(`"unit":"c"`))
}

// The areas of a unit are shown to callers of its own agency only, and only where it reads by unit.
func TestAreasAreShownToOwnAgency(t *testing.T) {
	read, err := directory.Parse([]byte(`{"agencies":[` + agency("kela", "UNIT") + `,` + agency("hva", "AGENCY") + `,` + agency("tyo", "UNIT") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	d := &gateway.Directory{Directory: read}
	const kela = "kela/a west [] kela/b west [c] kela/c c [] "
	for _, test := range []struct {
		who  identity.Caller
		want string
	}{
		{identity.Caller{Role: identity.RoleBenefitHandler, Agency: "kela", Unit: "a", Worker: "w"}, kela},
		{identity.Caller{Role: identity.RoleSystem, Agency: "kela"}, kela},
		{identity.Caller{Role: identity.RoleTeamLeader, Agency: "hva", Unit: "a", Worker: "w"}, ""},
		{identity.Caller{Role: identity.RoleOperator, Agency: "kela", Worker: "w"}, ""},
		{identity.Caller{Role: identity.RoleClient, Client: "c"}, ""},
	} {
		got, err := d.GetAgencies(identity.WithCaller(t.Context(), test.who), &caseworkv1.GetAgenciesRequest{})
		if err != nil || len(got.GetAgencies()) != 3 {
			t.Fatalf("%v %v", got, err)
		}
		shown := ""
		for _, one := range got.GetAgencies() {
			for _, unit := range one.GetUnits() {
				if unit.GetArea() != "" || len(unit.GetReads()) > 0 {
					shown += fmt.Sprintf("%s/%s %s %v ", one.GetAgency(), unit.GetUnit(), unit.GetArea(), unit.GetReads())
				}
			}
		}
		if shown != test.want {
			t.Errorf("%s of %s is shown %q, not %q", test.who.Role, test.who.Agency, shown, test.want)
		}
	}
	routes, err := d.FindUnits(t.Context(), &caseworkv1.FindUnitsRequest{})
	if err != nil || len(routes.GetRoutes()) == 0 {
		t.Fatalf("%v %v", routes, err)
	}
	for _, route := range routes.GetRoutes() {
		if route.GetUnit().GetArea() != "" || len(route.GetUnit().GetReads()) > 0 {
			t.Errorf("a route shows %v", route.GetUnit())
		}
	}
}
