package resilience

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// databases writes the file that names a cluster's databases, for operators' commands.
func databases(t *testing.T, c *clustertest.Cluster) string {
	t.Helper()
	services := map[string]map[string]string{}
	for _, service := range all.Services {
		services[service.Name] = map[string]string{"journal": c.Journal(service.Name), "keys": c.Keys(service.Name)}
	}
	args := c.Services["concern"][0].Args
	flag := func(name string) string { return args[slices.Index(args, name)+1] }
	text, err := json.Marshal(map[string]any{
		"services": services, "attachments": flag("--attachments"), "attachment_keys": flag("--attachment-keys"),
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "databases.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// restart restarts all processes, one after another.
func restart(c *clustertest.Cluster) {
	for _, p := range c.Processes() {
		p.Restart()
	}
}

// Running processes notice at once what an operator erases, and keep working through each step of a
// rotation of the key-encryption key.
func TestLongKeysUnderRunningProcesses(t *testing.T) {
	t.Parallel()
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 2, []string{"concern"}, nil...)
	operated := []string{"--databases", databases(t, c), "--secrets", c.Secrets}
	rotate := func(flag ...string) (string, error) {
		name := "rotate"
		if len(flag) > 0 {
			name = strings.TrimPrefix(flag[0], "--")
		}
		return operates(t, c, step(t, name))
	}
	conn := c.Backend(t)
	kela := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler")
	submit := func(code string) string {
		t.Helper()
		r := testkit.Submission()
		r.Client = testkit.ClientOf(code)
		return testkit.Insist(t, kela, concernv1.NewConcernServiceClient(conn).SubmitConcern, r).GetConcern().GetConcernId()
	}
	reads := func(when, id string, want fault.Reason) {
		t.Helper()
		for i, replica := range c.Services["concern"] {
			service := concernv1.NewConcernServiceClient(c.Replica(t, replica))
			if _, err := service.GetConcern(kela, &concernv1.GetConcernRequest{ConcernId: id}); fault.ReasonOf(err) != want || (want == "") != (err == nil) {
				t.Errorf("%s, replica %d: %v", when, i, err)
			}
		}
	}
	erased, stays := submit("010594Y9032"), submit("030694W9024")
	reads("at first", erased, "")
	if out, err := clustertest.Koppi(t, "010594Y9032\n", append([]string{"erase"}, operated...)...); err != nil || !strings.Contains(out, "concern: 1 subjects") {
		t.Fatalf("%v %s", err, out)
	}
	reads("erased", erased, fault.NotFound)
	reads("of another", stays, "")

	for _, early := range []string{"--rewrap", "--finish"} {
		if out, err := rotate(early); err == nil || !strings.Contains(out, "begin with koppi keys rotate") {
			t.Fatalf("%s: %v %s", early, err, out)
		}
	}
	ids := []string{stays}
	for _, step := range []struct{ flag, says string }{{"", "--rewrap"}, {"--rewrap", "--finish"}, {"--finish", "the old key is dropped"}} {
		var flags []string
		if step.flag != "" {
			flags = []string{step.flag}
		}
		if step.flag != "--finish" {
			if out, err := rotate("--finish"); err == nil || strings.Contains(out, "dropped") {
				t.Fatalf("finished before %q: %s", step.flag, out)
			}
		}
		out, err := rotate(flags...)
		if err != nil || !strings.Contains(out, step.says) {
			t.Fatalf("%s: %v %s", step.flag, err, out)
		}
		for _, id := range ids {
			reads("after "+step.flag, id, "")
		}
		ids = append(ids, submit("030694W9024"))
		restart(c)
		for _, id := range ids {
			reads("restarted after "+step.flag, id, "")
		}
	}
	reads("at last", erased, fault.NotFound)
	c.Fsck()
}
