package postgres

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// sameServer reports whether journal and keys are on one server, and stay on one server after a
// failover. It returns false where it cannot find out.
func sameServer(ctx context.Context, journal *sessions, keys string) bool {
	beside, err := pgxpool.ParseConfig(keys)
	if err != nil || !slices.Equal(hostsOf(journal.config.ConnConfig), hostsOf(beside.ConnConfig)) {
		return false
	}
	// A clone of a server has the same system identifier, so the identifier does not prove that it
	// is one server. A session is on one server only, and each role sees the application names of
	// its own sessions.
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

// host is one host and port of a connection string.
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
