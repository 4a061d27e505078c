//go:build bench

package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"koppi.internal/pkg/ground"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// groundCallers are those who read the grounds at once: as many as the machine has cores.
const groundCallers = 2

// listingGrounds measures how long ListGrounds takes through a gateway, for a form that a worker opens to
// report a concern. Gateway and concern service are processes of their own.
func (h *harness) listingGrounds(f figures) {
	gateway := h.startGateway(h.startConcern())
	for range rounds {
		var all []float64
		var mu sync.Mutex
		var group sync.WaitGroup
		for range groundCallers {
			client := caseworkv1.NewCaseworkServiceClient(gateway.dial())
			// The first call opens the connections.
			h.listGrounds(client)
			group.Go(func() {
				var took []float64
				for began := time.Now(); time.Since(began) < length; {
					sent := time.Now()
					if !h.listGrounds(client) {
						return
					}
					took = append(took, time.Since(sent).Seconds()*1000)
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, took...)
			})
		}
		group.Wait()
		f["list_grounds_p50_ms"] = append(f["list_grounds_p50_ms"], quantile(all, 0.5))
		f["list_grounds_p99_ms"] = append(f["list_grounds_p99_ms"], quantile(all, 0.99))
		f["list_grounds_per_s"] = append(f["list_grounds_per_s"], float64(len(all))/length.Seconds())
	}
	for _, name := range []string{"list_grounds_p50_ms", "list_grounds_p99_ms", "list_grounds_per_s"} {
		fmt.Printf("  %-34s %s\n", name, f[name])
	}
}

// listGrounds reads the grounds once, and reports whether they are those of a concern.
func (h *harness) listGrounds(client caseworkv1.CaseworkServiceClient) bool {
	ctx, cancel := context.WithTimeout(h.worker, time.Minute)
	defer cancel()
	listed, err := client.ListGrounds(ctx, &caseworkv1.ListGroundsRequest{Receiver: &commonv1.Party{Agency: "hva-pohjois-savo"}, Message: ground.Concern})
	offered := slices.ContainsFunc(listed.GetGrounds(), func(one *caseworkv1.Ground) bool { return one.GetKey() == "shl-35-2" })
	if err != nil || !offered {
		h.t.Errorf("%v %v", listed, err)
	}
	return err == nil && offered
}
