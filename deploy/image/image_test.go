// Package image_test checks that the image and its root file system agree.
package image_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// The Dockerfile uses the root file system of rootfs.sh, the toolchain of the tests, and an unprivileged
// user.
func TestDockerfile(t *testing.T) {
	file := lines(t, "Dockerfile")
	last := slices.Index(file, "FROM scratch")
	if last < 0 || !slices.Equal(file[last:], []string{"FROM scratch", "COPY --from=build /rootfs /", "USER 65532:65532"}) {
		t.Errorf("the image is more than a root file system, or less: %q", file[max(last, 0):])
	}
	build := slices.Index(file, "    deploy/image/rootfs.sh /rootfs")
	if build < 0 || !strings.HasPrefix(file[build-1], "RUN --mount=") || !strings.HasSuffix(file[build-1], `\`) {
		t.Error("rootfs.sh does not build the root file system")
	}
	toolchain, _ := strings.CutPrefix(lines(t, "../../Makefile")[1], "export GOTOOLCHAIN := go")
	if !slices.Contains(file, "FROM golang:"+toolchain+" AS build") {
		t.Errorf("the image is not built by Go %s", toolchain)
	}
	for _, line := range file {
		if strings.HasPrefix(line, "COPY --from=") {
			continue // what an earlier stage has built
		}
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "gateway/") {
				if _, err := os.Stat(filepath.Join("../..", word)); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// The image contains all programs of Koppi.
func TestProgramsInImage(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`,
		"koppi.internal/deploy/cmd/...", "koppi.internal/gateway/cmd/...", "koppi.internal/services/concern/cmd/...",
		"koppi.internal/services/referral/cmd/...", "koppi.internal/services/consultation/cmd/...", "koppi.internal/services/plan/cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	if programs := lines(t, "programs"); !slices.Equal(programs, strings.Fields(string(out))) {
		t.Errorf("in the image: %v\nprograms: %s", programs, out)
	}
}
