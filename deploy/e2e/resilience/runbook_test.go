package resilience

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/journal/postgres/postgrestest"
)

// step is a block of the runbook for keeping, by its name.
func step(t *testing.T, name string) string {
	t.Helper()
	return testkit.Block(t, "deploy/keeping.md", name)
}

// archive is where a test's PostgreSQL archives its log to, as seen from its data.
const archive = "../archive"

// archiving starts a PostgreSQL with the settings of the runbook.
func archiving(t *testing.T) *postgrestest.Server {
	t.Helper()
	settings := strings.Split(strings.TrimSpace(strings.ReplaceAll(step(t, "settings"), "$ARCHIVE", archive)), "\n")
	server := postgrestest.Start(t, append(settings, "fsync=off")...)
	server.Shell("mkdir $PGDATA/" + archive)
	return server
}

// operator runs a step of the runbook on a cluster, as an operator's shell does, and
// returns what it prints.
func operator(t *testing.T, c *clustertest.Cluster, name string, variables ...string) string {
	t.Helper()
	out, err := operates(t, c, step(t, name), variables...)
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return out
}

func operates(t *testing.T, c *clustertest.Cluster, script string, variables ...string) (string, error) {
	t.Helper()
	at := func(server *postgrestest.Server) string {
		return fmt.Sprintf("host=127.0.0.1 port=%d dbname=%s sslmode=disable", server.Port(), c.Database)
	}
	return shell(t, script, append([]string{
		"JOURNALS=" + at(c.Postgres), "KEYS=" + at(c.Keyring), "SECRETS=" + c.Secrets, "DATABASES=" + databases(t, c),
	}, variables...)...)
}

// shell runs a script with koppi in the path.
func shell(t *testing.T, script string, variables ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	command.Env = append(append(os.Environ(), "PATH="+filepath.Dir(clustertest.Build(t, clustertest.KoppiCommand))+":"+os.Getenv("PATH")), variables...)
	out, err := command.CombinedOutput()
	return string(out), err
}
