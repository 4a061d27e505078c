package postgrestest

import (
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"

	"koppi.internal/pkg/worktree"
)

// cluster is how initdb makes a data folder. The template's name contains it: other arguments make another template.
var cluster = []string{"-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"}

// create makes the server's data folder as a copy of the template in .tools, which takes a tenth of
// initdb's time. The first server in a work tree makes the template. Two servers of one template have
// the same system identifier, and differ in all else once they run.
func (s *Server) create() {
	s.tb.Helper()
	template := s.template()
	// Another account's template cannot be read.
	if _, err := os.Stat(filepath.Join(template, "PG_VERSION")); err == nil {
		copyFolder(template, s.data, s.tb.Fatalf)
		return
	}
	s.tool("initdb", append([]string{"-D", s.data}, cluster...)...)
	if s.tb.Failed() {
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

// template returns the path of the template of this PostgreSQL.
func (s *Server) template() string {
	s.tb.Helper()
	program, err := os.Stat(filepath.Join(s.bin, "initdb"))
	if err != nil {
		s.tb.Fatal(err)
	}
	tools, err := worktree.Path(".tools")
	if err != nil {
		s.tb.Fatal(err)
	}
	if err := os.MkdirAll(tools, 0o755); err != nil { //nolint:gosec // others put programs there
		s.tb.Fatal(err)
	}
	kind := crc32.ChecksumIEEE(fmt.Append(nil, s.bin, program.ModTime().Unix(), cluster))
	return filepath.Join(tools, fmt.Sprintf("postgres-%08x", kind))
}

// copyFolder copies a folder with its owners. It runs as the test's account, which may read the template.
func copyFolder(from, to string, fail func(string, ...any)) {
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil { //nolint:gosec // a server's own folders
		fail("cp: %v: %s", err, out)
	}
}
