package docs

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
)

// client is the folder of the foreign tools, which npm installs.
const client = "gateway/docs/client"

// A validator that is not ours accepts the OpenAPI document as it is served. A client that a foreign generator
// makes of it reports a concern, and reads a refusal.
func TestOpenAPI(t *testing.T) {
	f := testkit.FixtureAt(t, testkit.Start(t, allinone.Config{}))
	folder := prepared(t)
	fetch(t, f.Address+"/docs/openapi.json", filepath.Join(folder, "openapi.json"))
	run(t, folder, "node", testkit.Path(client+"/validate.mjs"), "openapi.json")
	tools := testkit.Path(client + "/node_modules/.bin/")
	run(t, folder, filepath.Join(tools, "openapi-typescript"), "openapi.json", "--output", "schema.d.ts")
	run(t, folder, filepath.Join(tools, "tsc"), "--project", ".")

	requestID := uuid.NewString()
	out := run(t, folder, "node", "dist/concern.js", f.Address, f.Token(testkit.SystemOf("kela")), requestID)
	var got struct{ Concern, State, Phase, Code, Reason string }
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got.State != "CONCERN_STATE_SUBMITTED" || got.Phase != "LOOP_PHASE_SENT" || got.Code != "not_found" || got.Reason != "NOT_FOUND" {
		t.Errorf("the client prints %+v", got)
	}
	answer, err := f.Call(f.Tokens["county"], testkit.ConcernService+"GetConcern", `{"concernId": "`+got.Concern+`"}`)
	if err != nil || !strings.Contains(string(answer), "Kaksi vuokraa maksamatta.") {
		t.Errorf("the receiver reads %s: %v", answer, err)
	}
}

// A document with a mistake is not valid: the validator looks.
func TestValidatorRefuses(t *testing.T) {
	folder := prepared(t)
	if err := os.WriteFile(filepath.Join(folder, "openapi.json"), []byte(`{"openapi": "3.1.0", "info": {"title": "x"}, "paths": {}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", testkit.Path(client+"/validate.mjs"), "openapi.json")
	command.Dir = folder
	if out, err := command.CombinedOutput(); err == nil || !strings.Contains(string(out), "version") {
		t.Errorf("%v: %s", err, out)
	}
}

// prepared makes a folder with the client's source, below that in which npm has installed what it uses.
func prepared(t *testing.T) string {
	t.Helper()
	results := testkit.Path(client) + "/test-results"
	if err := os.MkdirAll(results, 0o750); err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp(results, "run-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	for _, name := range []string{"concern.ts", "tsconfig.json", "package.json"} {
		text, err := os.ReadFile(testkit.Path(client + "/" + name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func fetch(t *testing.T, address, path string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %v", address, answer.Status, err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a program in a folder, and returns what it prints.
func run(t *testing.T, folder, name string, arguments ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir = folder
	var errors strings.Builder
	command.Stderr = &errors
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s (npm installs it: make test): %v\n%s%s", filepath.Base(name), err, out, errors.String())
	}
	return out
}
