package postgrestest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// create makes the server's data folder as a copy of the template in .tools, which takes a tenth of
// initdb's time. The first server on a machine makes the template. Two servers of one template have
// the same system identifier, and differ in all else once they run.
func (s *Server) create() {
	s.tb.Helper()
	template := s.template()
	// Another account's template cannot be read.
	if _, err := os.Stat(filepath.Join(template, "PG_VERSION")); template != "" && err == nil {
		copyFolder(template, s.data, s.tb.Fatalf)
		return
	}
	s.tool("initdb", "-D", s.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	if template == "" || s.tb.Failed() {
		return
	}
	made, err := os.MkdirTemp(filepath.Dir(template), "postgres-")
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(made) }()
	copyFolder(s.data, filepath.Join(made, "data"), s.tb.Fatalf)
	// It fails where another server has made the template meanwhile.
	_ = os.Rename(filepath.Join(made, "data"), template)
}

// template returns the path of the template of this PostgreSQL; empty outside the work tree.
func (s *Server) template() string {
	s.tb.Helper()
	program, err := os.Stat(filepath.Join(s.bin, "initdb"))
	if err != nil {
		s.tb.Fatal(err)
	}
	folder, err := os.Getwd()
	if err != nil {
		s.tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.work")); err == nil {
			break
		}
		if parent := filepath.Dir(folder); parent != folder {
			folder = parent
			continue
		}
		return ""
	}
	tools := filepath.Join(folder, ".tools")
	if err := os.MkdirAll(tools, 0o755); err != nil { //nolint:gosec // others put programs there
		s.tb.Fatal(err)
	}
	return filepath.Join(tools, fmt.Sprintf("postgres%s-%d", strings.ReplaceAll(s.bin, "/", "-"), program.ModTime().Unix()))
}

// copyFolder copies a folder with its owners. It runs as the test's account, which may read the template.
func copyFolder(from, to string, fail func(string, ...any)) {
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil { //nolint:gosec // a server's own folders
		fail("cp: %v: %s", err, out)
	}
}
