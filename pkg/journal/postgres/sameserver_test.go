package postgres

import (
	"testing"

	"koppi.internal/pkg/journal/postgres/postgrestest"
)

// The service's role can determine whether keys and journal are on one server. If so, keys need no
// flush of their own.
func TestKeysOnJournalServer(t *testing.T) {
	one, other := postgrestest.Start(t, "fsync=off"), postgrestest.Start(t, "fsync=off")
	for _, server := range []*postgrestest.Server{one, other} {
		server.Exec("CREATE ROLE koppi_test LOGIN")
	}
	at := func(server *postgrestest.Server) string { return server.DSN("postgres", "koppi_test", "public") }
	journal, err := newSessions(at(one), Config{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !sameServer(t.Context(), journal, at(one)) {
		t.Error("one server counts as two")
	}
	if sameServer(t.Context(), journal, at(other)) {
		t.Error("two servers count as one")
	}
}
