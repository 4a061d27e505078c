package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/metric"

	"koppi.internal/pkg/telemetry"
)

// standbys tells whether a failover loses nothing. It is not told where the service's role may
// not read it.
var standbys = telemetry.Gauge("koppi.journal.standbys", "{standby}", "Standbys without which the journal's server commits nothing, and that are connected to it.")

// replication is what a server tells of its standbys and of its commits.
type replication struct {
	// commit is synchronous_commit of the session, and names synchronous_standby_names.
	commit, names string
	// all are the standbys connected, synchronous those that a commit waits for, and hidden
	// those of which the role may not read the state.
	all, synchronous, hidden int64
}

func replicationOf(ctx context.Context, conn querier) (r replication, err error) {
	err = conn.QueryRow(ctx, `SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
	count(pid), count(pid) FILTER (WHERE sync_state IN ('sync', 'quorum')), count(pid) FILTER (WHERE sync_state IS NULL) FROM pg_stat_replication`).
		Scan(&r.commit, &r.names, &r.all, &r.synchronous, &r.hidden)
	return r, wrap("replication", err)
}

// refusal refuses a server that acknowledges what it may lose.
func (r replication) refusal() error {
	switch {
	case r.commit == "off":
		return errors.New("postgres: synchronous_commit is off: what was acknowledged may be lost. Unset it for the role, the database and the connection string")
	case r.commit == "local" && r.names != "":
		return errors.New("postgres: synchronous_commit is local, so that no commit waits for the standby. Unset it for the role, the database and the connection string")
	default:
		return nil
	}
}

// warnings are what an operator is told of at the start.
func (r replication) warnings() []string {
	var all []string
	if r.commit == "remote_write" {
		all = append(all, "synchronous_commit is remote_write: what was acknowledged is lost if both servers lose power")
	}
	if r.names == "" && r.all > 0 {
		all = append(all, "the journal's standby is asynchronous: a failover to it loses what was acknowledged last; set synchronous_standby_names")
	}
	if r.hidden > 0 {
		all = append(all, "the role may not read the state of the standbys, and no alarm tells that there is none: GRANT pg_read_all_stats to it")
	}
	return all
}

// watchServer refuses what is unsafe, warns of the rest, and measures the standbys until it is
// ended.
func (s *Store) watchServer(ctx context.Context, service string) (end func(), err error) {
	now, err := replicationOf(ctx, s.read)
	if err := errors.Join(err, now.refusal()); err != nil {
		return nil, err
	}
	for _, text := range now.warnings() {
		s.log.WarnContext(ctx, text)
	}
	return telemetry.Observe(func(ctx context.Context, observer metric.Observer) error {
		now, err := replicationOf(ctx, s.read)
		if err == nil && now.hidden == 0 {
			observer.ObserveFloat64(standbys, float64(now.synchronous), metric.WithAttributes(telemetry.KeyService.String(service)))
		}
		return nil
	}, standbys), nil
}

// errShared says that a pooler gives one session of the server to several clients in turn.
var errShared = errors.New("postgres: a pooler shares its sessions between transactions; the journal needs sessions of its own: PgBouncer with pool_mode=session")

// shared tells whether a second session sees what the first has set for itself.
func shared(ctx context.Context, at *sessions) error {
	mark := uuid.NewString()
	first, err := at.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = first.Close(context.WithoutCancel(ctx)) }()
	if _, err := first.Exec(ctx, `SELECT set_config('koppi.session', $1, false)`, mark); err != nil {
		return fmt.Errorf("postgres: session: %w", err)
	}
	second, err := at.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = second.Close(context.WithoutCancel(ctx)) }()
	var seen string
	err = second.QueryRow(ctx, `SELECT coalesce(current_setting('koppi.session', true), '')`).Scan(&seen)
	if err == nil && seen == mark {
		return errShared
	}
	return wrap("session", err)
}
