package matters

import (
	"net/http"
	"slices"
	"testing"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
)

// transportsOf returns the three ways to an instance: Connect, gRPC, and gRPC past the gateway.
func transportsOf(t *testing.T, i *testkit.Instance) map[string]scenario.Transport {
	t.Helper()
	return map[string]scenario.Transport{
		"connect-json": scenario.ConnectJSON{Address: i.Address, Client: http.DefaultClient},
		"grpc-gateway": scenario.GRPC{Conn: testkit.Dial(t, i.Address)},
		"grpc-service": scenario.GRPC{Conn: leaktest.Conn(i.Koppi.Backend())},
	}
}

// served are the cases whose services are all served.
func served(cases []scenario.Scenario) []scenario.Scenario {
	return slices.DeleteFunc(slices.Clone(cases), func(s scenario.Scenario) bool {
		return slices.ContainsFunc(s.Services(), func(service string) bool { return !slices.Contains(allinone.Served(), service) })
	})
}

// Each case takes one of the ways in, and all of them with SOAK_ROUNDS.
func TestScenarios(t *testing.T) {
	cases, err := scenario.Load(scenarios.Files)
	if err != nil {
		t.Fatal(err)
	}
	for way, name := range []string{"connect-json", "grpc-gateway", "grpc-service"} {
		for at, s := range served(cases) {
			if at%3 != way && testkit.Times("SOAK_ROUNDS", 0) == 0 {
				continue
			}
			t.Run(name+"/"+s.Name, func(t *testing.T) {
				i := testkit.Start(t, allinone.Config{Clock: s.Clock})
				transport := transportsOf(t, i)[name]
				runner := scenario.Runner{Transport: transport, Dev: transport}
				if err := runner.Run(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}
