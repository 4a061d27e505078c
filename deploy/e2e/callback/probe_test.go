package callback

import (
	"net/url"
	"testing"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback/probe"
)

// The endpoints of the kits pass all probes.
func TestEndpointsPassProbes(t *testing.T) {
	box, e := partnertest.OpenInbox(t, "kela"), partnertest.NewEndpoint(t)
	defer func() { _ = box.Close() }()
	e.Handle(box.Endpoint(t, partnertest.OldCallbackSecret, partnertest.CallbackSecret).ServeHTTP)
	n := newNodeBox(t)
	defer n.run()()
	for kit, address := range map[string]string{"Go": e.Address, "TypeScript": n.address()} {
		results, err := probe.Run(t.Context(), probe.Config{URL: testkit.Must(url.Parse(address)), Secret: partnertest.CallbackSecret, Agency: "kela"})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range results {
			if !one.Passed {
				t.Errorf("%s: %+v", kit, one)
			}
		}
	}
}
