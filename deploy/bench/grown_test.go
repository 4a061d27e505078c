//go:build bench

package bench

import (
	"context"
	"fmt"
	"math/rand/v2"

	"koppi.internal/pkg/identity"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// growingCountry measures accepted reports in the country beside an empty database of the same server, from any reporter to
// any receiver.
func (h *harness) growingCountry(c *country, empty string) {
	h.t.Helper()
	f := figures{}
	f.interleaveTimes(2*rounds, map[string]func() float64{
		"accepted_32_empty":   h.reporting(empty),
		"accepted_32_country": h.reporting(c.Database),
	})
	fmt.Printf("  with %d events over empty: %.2f\n", c.Events, f.ratio("accepted_32_country", "accepted_32_empty"))
}

// reporting returns a measurement of reports accepted a second in a database.
func (h *harness) reporting(database string) func() float64 {
	h.t.Helper()
	service := concernv1.NewConcernServiceClient(h.replicas(h.service(database)))
	var people []context.Context
	for n := range reporters {
		people = append(people, h.as(identity.Caller{Agency: reporterNamed(n), Unit: reporterDesk(0), Worker: handlerNamed(n), Role: identity.RoleBenefitHandler}))
	}
	report := func() error {
		_, err := service.SubmitConcern(people[rand.IntN(reporters)], submission(&commonv1.Party{Agency: receiverNamed(rand.IntN(receivers))})) //nolint:gosec // a draw
		return err
	}
	return func() float64 { return h.rate(32, report) }
}
