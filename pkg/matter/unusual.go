package matter

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/telemetry"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	// unusualWishes is for how many clients in an hour a worker records wishes until that is
	// reported, unusualAgency for how many an agency's workers and systems together do.
	unusualWishes = 10
	unusualAgency = 50
)

var unusualWished = telemetry.Counter("koppi.wishes.unusual", "{alarm}", "Workers and agencies that recorded wishes of unusually many clients in an hour.")

// wisher is who records wishes: a worker, or an agency as a whole where Worker is empty.
type wisher struct{ agency, worker string }

// wishWatch is the one rule on unusual wishes: recorded or refused, for many clients in an
// hour. Whoever acts in the name of many whom they hardly know does so one by one.
type wishWatch struct {
	// seen is when each wisher last recorded something of each client.
	seen map[wisher]map[string]time.Time
	// reported is when a wisher was, last.
	reported map[wisher]time.Time
}

func newWishWatch() *wishWatch {
	return &wishWatch{map[wisher]map[string]time.Time{}, map[wisher]time.Time{}}
}

// see returns who is to be reported for a record of accesses, and for how many clients.
func (w *wishWatch) see(record journal.NumberedAccess) map[wisher]int {
	role := identity.Role(record.Role)
	wished := strings.HasSuffix(record.Method, "/RecordWish") || strings.HasSuffix(record.Method, "/Vouch")
	if record.Client == "" || !wished || !role.IsWorker() && role != identity.RoleSystem {
		return nil
	}
	by := &commonv1.Party{}
	if proto.Unmarshal(record.By, by) != nil {
		return nil
	}
	found := map[wisher]int{}
	for who, limit := range map[wisher]int{{by.GetAgency(), cmp.Or(record.OnBehalfOf, by.GetWorker())}: unusualWishes, {by.GetAgency(), ""}: unusualAgency} {
		if clients := w.count(who, record); clients >= limit && !w.reported[who].After(record.At.Add(-time.Hour)) {
			w.reported[who] = record.At
			found[who] = clients
		}
	}
	return found
}

// count is of how many clients somebody recorded something in the hour before a record.
func (w *wishWatch) count(who wisher, record journal.NumberedAccess) int {
	if w.seen[who] == nil {
		w.seen[who] = map[string]time.Time{}
	}
	w.seen[who][record.Client] = record.At
	for client, at := range w.seen[who] {
		if !at.After(record.At.Add(-time.Hour)) {
			delete(w.seen[who], client)
		}
	}
	return len(w.seen[who])
}

// reportWishes says in log and counter who recorded wishes of unusually many clients: who,
// and never of whom.
func (k *Kernel[S]) reportWishes(ctx context.Context, found map[wisher]int) {
	for who, clients := range found {
		unusualWished.Add(ctx, 1)
		k.Logger.WarnContext(ctx, "wishes of unusually many clients were recorded in an hour", slog.String("service", k.config.Rules.Service),
			slog.String("agency", who.agency), slog.String("worker", who.worker), slog.Int("clients", clients))
	}
}
