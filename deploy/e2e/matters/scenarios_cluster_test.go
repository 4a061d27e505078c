package matters

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/telemetrytest"
	"koppi.internal/gateway/casework"
)

// The scenarios pass against separate processes on PostgreSQL and Redis, over each transport.
func TestLongScenariosDistributed(t *testing.T) {
	cases, err := scenario.Load(scenarios.Files)
	if err != nil {
		t.Fatal(err)
	}
	env := clustertest.NewEnvironment(t, "fsync=off")
	collector := telemetrytest.Start(t)
	env.GatewayFlags = []string{"--otlp", collector.Address}
	t.Run("cases", func(t *testing.T) { replay(env, t, served(cases), collector.Address) })
	if leaktest.Count(leaktest.Trace) == 0 {
		t.Error("nothing was told of the scenarios")
	}
}

func replay(env *clustertest.Environment, t *testing.T, cases []scenario.Scenario, collector string) {
	names := []string{"connect-json", "grpc-gateway", "grpc-service"}
	for i, s := range cases {
		// Each case takes one of the ways in, and all of them with SOAK_ROUNDS.
		ways := names
		if needsGateway(s) {
			ways = names[:2]
		}
		if testkit.Times("SOAK_ROUNDS", 0) == 0 {
			ways = ways[i%len(ways):][:1]
		}
		for _, name := range ways {
			t.Run(name+"/"+s.Name, func(t *testing.T) {
				t.Parallel()
				c := env.Start(t, 1, nil, "--clock", s.Clock.Format(time.RFC3339), "--otlp", collector)
				transport := map[string]scenario.Transport{
					"connect-json": scenario.ConnectJSON{Address: "http://" + c.Gateways[0].Address, Client: http.DefaultClient},
					"grpc-gateway": scenario.GRPC{Conn: testkit.Dial(t, c.Gateways[0].Address)},
					"grpc-service": scenario.GRPC{Conn: c.Backend(t)},
				}[name]
				runner := scenario.Runner{Transport: transport, Dev: transport}
				if err := runner.Run(t.Context(), s); err != nil {
					t.Fatal(err)
				}
				c.Fsck()
			})
		}
	}
}

// needsGateway reports whether a scenario rests on what the gateway adds to the services: methods of its own, or that
// one service learns of a client and case from another.
func needsGateway(s scenario.Scenario) bool {
	return s.Name == "10-one-case" || slices.ContainsFunc(s.Services(), func(service string) bool { return slices.Contains(casework.Services, service) })
}
