package accesslog

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/telemetry"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	// unusual is the number of clients in an hour at which a worker who reads their data is
	// reported.
	unusual = 60
	// unusualDirectives is the number of clients in an hour at which a worker who records directives
	// for them is reported; unusualAgency is the same for all workers and systems of an agency
	// together.
	unusualDirectives = 10
	unusualAgency     = 50
)

// PurposeWorklist is the purpose recorded for reading matters in a worklist.
const PurposeWorklist = "worklist"

// PurposeNames is the purpose recorded for reading clients' names in a worklist.
const PurposeNames = "names in the worklist"

var unusualRecorded = telemetry.Counter("koppi.wishes.unusual", "{alarm}", "Workers and agencies that recorded consent directives of unusually many clients in an hour.")

// manyClients counts for how many clients each caller acted within the last hour.
type manyClients[K comparable] struct {
	// seen is when each caller last acted for each client.
	seen map[K]map[string]time.Time
	// reported is when each caller was last reported.
	reported map[K]time.Time
}

func newManyClients[K comparable]() manyClients[K] {
	return manyClients[K]{map[K]map[string]time.Time{}, map[K]time.Time{}}
}

// add counts a record of a caller. It returns the number of clients, and whether the caller is
// to be reported: the number reaches the limit, and no report was made in that hour.
func (m manyClients[K]) add(who K, record journal.NumberedAccess, limit int) (clients int, report bool) {
	hour := record.At.Add(-time.Hour)
	if m.seen[who] == nil {
		m.seen[who] = map[string]time.Time{}
	}
	m.seen[who][record.Client] = record.At
	maps.DeleteFunc(m.seen[who], func(_ string, at time.Time) bool { return !at.After(hour) })
	clients = len(m.seen[who])
	if report = clients >= limit && !m.reported[who].After(hour); report {
		m.reported[who] = record.At
	}
	return clients, report
}

// watch is the rule on unusual reading: many clients in an hour, read one by one.
type watch struct{ manyClients[string] }

func newWatch() *watch { return &watch{newManyClients[string]()} }

// see returns the worker to report; nil for none. Worklists, which show many matters at once, and
// systems, which read for many workers, do not count.
func (w *watch) see(record journal.NumberedAccess) *commonv1.Party {
	role := identity.Role(record.Role)
	listed := record.Purpose == PurposeWorklist || record.Purpose == PurposeNames || record.Purpose == "" && strings.Contains(record.Method, "/List")
	if record.Client == "" || len(record.Head) > 0 || listed || !role.IsWorker() {
		return nil
	}
	if _, report := w.add(string(record.By), record, unusual); !report {
		return nil
	}
	party := &commonv1.Party{}
	if err := proto.Unmarshal(record.By, party); err != nil {
		return nil
	}
	return party
}

// recorder is a caller that records directives: a worker, or a whole agency if worker is empty.
type recorder struct{ agency, worker string }

// directiveWatch is the rule on unusual directives: recorded or refused, for many clients in an hour. A
// caller who misuses the names of many barely known clients does so one by one.
type directiveWatch struct{ manyClients[recorder] }

func newDirectiveWatch() *directiveWatch { return &directiveWatch{newManyClients[recorder]()} }

// see returns the callers to report after an access record, and for how many clients.
func (w *directiveWatch) see(record journal.NumberedAccess) map[recorder]int {
	role := identity.Role(record.Role)
	records := strings.HasSuffix(record.Method, "/RecordWish") || strings.HasSuffix(record.Method, "/Vouch")
	if record.Client == "" || !records || !role.IsWorker() && role != identity.RoleSystem {
		return nil
	}
	by := &commonv1.Party{}
	if proto.Unmarshal(record.By, by) != nil {
		return nil
	}
	found := map[recorder]int{}
	for who, limit := range map[recorder]int{{by.GetAgency(), cmp.Or(record.OnBehalfOf, by.GetWorker())}: unusualDirectives, {by.GetAgency(), ""}: unusualAgency} {
		if clients, report := w.add(who, record, limit); report {
			found[who] = clients
		}
	}
	return found
}

// reportDirectives reports, in log and counter, a caller who recorded directives for unusually many
// clients. It names the caller, never the clients.
func (l *Log) reportDirectives(ctx context.Context, found map[recorder]int) {
	for who, clients := range found {
		unusualRecorded.Add(ctx, 1)
		l.Logger.WarnContext(ctx, "consent directives of unusually many clients were recorded in an hour", slog.String("service", l.Service),
			slog.String("agency", who.agency), slog.String("worker", who.worker), slog.Int("clients", clients))
	}
}
