package postgres

import (
	"errors"
	"testing"

	"koppi.internal/pkg/journal/postgres/postgrestest"
)

// A pooler in session mode works; one that shares sessions between transactions is refused.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	p := newSingleServer(t)
	direct := p.config
	at := func(mode string) Config {
		pooler, config := postgrestest.NewPgBouncer(t, p.primary, mode, "koppi_test"), direct
		config.Journal, config.Keys = pooler.DSN(direct.Journal), pooler.DSN(direct.Keys)
		return config
	}
	p.config = at("session")
	store := p.open(t)
	if _, err := store.Append(t.Context(), first("s/1")); err != nil {
		t.Fatal(err)
	}
	if !contains(t, store, "s/1") {
		t.Error("the appended subject is missing")
	}
	for _, mode := range []string{"transaction", "statement"} {
		if _, err := Open(t.Context(), at(mode)); !errors.Is(err, errShared) {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

// Server settings that can lose acknowledged commits are refused or logged at the start.
func TestUnsafeServersRefused(t *testing.T) {
	t.Parallel()
	p := newSingleServer(t)
	p.primary.Exec("ALTER ROLE koppi_test SET synchronous_commit = off")
	if _, err := Open(t.Context(), p.config); err == nil {
		t.Error("a server that does not flush commits is accepted")
	}
	p.primary.Exec("ALTER ROLE koppi_test SET synchronous_commit = local")
	p.open(t)
	for r, unsafe := range map[replication]bool{
		{commit: "local", names: "second"}: true, {commit: "local"}: false, {commit: "on", names: "second"}: false, {commit: "remote_apply"}: false,
	} {
		if (r.refusal() != nil) != unsafe {
			t.Errorf("%+v: %v", r, r.refusal())
		}
	}
	for r, warnings := range map[replication]int{
		{commit: "on", all: 1}: 1, {commit: "on", all: 1, hidden: 1, names: "second"}: 1, {commit: "remote_write", names: "second"}: 1, {commit: "on", all: 1, synchronous: 1, names: "second"}: 0,
	} {
		if len(r.warnings()) != warnings {
			t.Errorf("%+v: %q", r, r.warnings())
		}
	}
}
