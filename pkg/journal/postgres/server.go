package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/metric"

	"koppi.internal/pkg/telemetry"
)

// standbys measures whether a failover would lose nothing. It has no value where the service's role
// may not read the state of the standbys.
var standbys = telemetry.Gauge("koppi.journal.standbys", "{standby}", "Connected synchronous standbys of the journal's server.")

// replication is the server's state of standbys and commits.
type replication struct {
	// commit is the session's synchronous_commit, names its synchronous_standby_names.
	commit, names string
	// all counts the connected standbys, synchronous those for which a commit waits, and hidden
	// those whose state the role may not read.
	all, synchronous, hidden int64
}

func replicationOf(ctx context.Context, conn querier) (r replication, err error) {
	err = conn.QueryRow(ctx, `SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
	count(pid), count(pid) FILTER (WHERE sync_state IN ('sync', 'quorum')), count(pid) FILTER (WHERE sync_state IS NULL) FROM pg_stat_replication`).
		Scan(&r.commit, &r.names, &r.all, &r.synchronous, &r.hidden)
	return r, wrap("replication", err)
}

// refusal returns an error for a server that acknowledges commits that it may lose.
func (r replication) refusal() error {
	switch {
	case r.commit == "off":
		return errors.New("postgres: synchronous_commit is off: acknowledged commits may be lost. Unset it for the role, the database and the connection string")
	case r.commit == "local" && r.names != "":
		return errors.New("postgres: synchronous_commit is local: no commit waits for the standby. Unset it for the role, the database and the connection string")
	default:
		return nil
	}
}

// warnings returns what an operator should know when the program starts.
func (r replication) warnings() []string {
	var all []string
	if r.commit == "remote_write" {
		all = append(all, "synchronous_commit is remote_write: acknowledged commits are lost if both servers lose power")
	}
	if r.names == "" && r.all > 0 {
		all = append(all, "the journal's standby is asynchronous: a failover to it loses the last acknowledged commits; set synchronous_standby_names")
	}
	if r.hidden > 0 {
		all = append(all, "the role may not read the state of the standbys, so a missing standby raises no alarm: GRANT pg_read_all_stats to it")
	}
	return all
}

// watchServer refuses a server with unsafe settings, logs warnings about the rest, and measures the
// standbys until end is called.
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
var errShared = errors.New("postgres: the pooler shares sessions between transactions, but the journal needs its own sessions: set pool_mode=session in PgBouncer")

// shared returns errShared where a second session sees a setting that the first made for itself.
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
