package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"koppi.internal/pkg/journal/postgres/postgrestest"
)

// step is a block of the runbook for keeping, by its name.
func step(t *testing.T, name string) string {
	t.Helper()
	page := must(os.ReadFile("../keeping.md"))
	found := regexp.MustCompile("(?s)\n *```\\w+ " + name + "\n(.*?)```").FindSubmatch(page)
	if found == nil {
		t.Fatalf("keeping.md has no step %s", name)
	}
	return string(found[1])
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
func (c *cluster) operator(t *testing.T, name string, variables ...string) string {
	t.Helper()
	out, err := c.operates(t, step(t, name), variables...)
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return out
}

func (c *cluster) operates(t *testing.T, script string, variables ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	at := func(server *postgrestest.Server) string {
		return fmt.Sprintf("host=127.0.0.1 port=%d dbname=%s sslmode=disable", server.Port(), c.database)
	}
	command.Env = append(append(os.Environ(), "PATH="+filepath.Dir(program(t, koppiProgram))+":"+os.Getenv("PATH"),
		"JOURNALS="+at(c.postgres), "KEYS="+at(c.keyring), "SECRETS="+c.secrets, "DATABASES="+c.databases(t)), variables...)
	out, err := command.CombinedOutput()
	return string(out), err
}
