package kits_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"koppi.internal/pkg/version"
)

const vectors = "../../proto/vectors"

// The kit in TypeScript makes of each test vector of the contract what the vector says. The kit in Go has a test of its own.
func TestVectorsInTypeScript(t *testing.T) {
	kit := absolute(t, "node/dist/index.js")
	passes(t, exec.CommandContext(t.Context(), "node", "testdata/vectors.mjs", kit, vectors))
}

// The kit in Python does so too, in the wheel as it is served.
func TestVectorsInPython(t *testing.T) {
	command := exec.CommandContext(t.Context(), "python3", "testdata/vectors.py", vectors)
	command.Env = append(os.Environ(), "PYTHONPATH="+absolute(t, "dist/packed/python/koppi_partner-"+version.Number+"-py3-none-any.whl"))
	passes(t, command)
}

// absolute is the path of a file that make kits has made.
func absolute(t *testing.T, path string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the kits are not packed: make kits (%v)", err)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func passes(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if out, err := command.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "done" {
		t.Errorf("%v\n%s", err, out)
	}
}
