package postgres

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// together tells whether journal and keys are on one server, and go on together where it
// fails over. Where it cannot be told they are not.
func together(ctx context.Context, journal *sessions, keys string) bool {
	beside, err := pgxpool.ParseConfig(keys)
	if err != nil || !slices.Equal(hostsOf(journal.config.ConnConfig), hostsOf(beside.ConnConfig)) {
		return false
	}
	// A server's identifier is also that of its clones: a session is of one server alone, and
	// each role sees the names of its own.
	name := "koppi-" + uuid.NewString()
	beside.ConnConfig.RuntimeParams["application_name"] = name
	there, err := pgx.ConnectConfig(ctx, beside.ConnConfig)
	if err != nil {
		return false
	}
	defer func() { _ = there.Close(context.WithoutCancel(ctx)) }()
	here, err := journal.connect(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = here.Close(context.WithoutCancel(ctx)) }()
	var seen bool
	err = here.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1)`, name).Scan(&seen)
	return err == nil && seen
}

// host is one of those that a connection string names.
type host struct {
	name string
	port uint16
}

func hostsOf(config *pgx.ConnConfig) []host {
	hosts := []host{{config.Host, config.Port}}
	for _, other := range config.Fallbacks {
		if next := (host{other.Host, other.Port}); next != hosts[len(hosts)-1] {
			hosts = append(hosts, next)
		}
	}
	return hosts
}
