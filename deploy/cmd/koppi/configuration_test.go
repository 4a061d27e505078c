package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"koppi.internal/deploy/suite"
)

// programs whose settings the table documents, by the help that they print.
var programs = []struct{ name, path string }{
	{"koppi up", "koppi.internal/deploy/cmd/koppi"},
	{"koppi migrate", "koppi.internal/deploy/cmd/koppi"},
	{"koppi fsck", "koppi.internal/deploy/cmd/koppi"},
	{"gateway", "koppi.internal/gateway/cmd/gateway"},
}

var flagLine = regexp.MustCompile(`^\s+(?:-h, )?(--[a-z-]+)`)

// The table of settings is that of the programs: none is missing, none is made up.
func TestConfigurationTable(t *testing.T) {
	text, err := os.ReadFile("../../configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, real []string
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) == 6 && strings.Contains(cells[2], "`--") {
			documented = append(documented, strings.Join([]string{strings.TrimSpace(cells[1]), strings.Trim(cells[2], " `"), strings.Trim(cells[3], " `")}, " "))
		}
	}
	folder := t.TempDir()
	all := programs
	for _, service := range suite.Services {
		all = append(all, struct{ name, path string }{"a service", "koppi.internal/services/" + service.Name + "/cmd/" + service.Name})
	}
	for _, program := range all {
		binary := filepath.Join(folder, filepath.Base(program.path))
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, program.path).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		args := []string{"--help"}
		if command, ok := strings.CutPrefix(program.name, "koppi "); ok {
			args = []string{command, "--help"}
		}
		out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		real = append(real, settings(program.name, string(out))...)
	}
	slices.Sort(documented)
	slices.Sort(real)
	// All services have the same settings.
	real = slices.Compact(real)
	if !slices.Equal(documented, real) {
		t.Errorf("documented:\n%s\nreal:\n%s", strings.Join(documented, "\n"), strings.Join(real, "\n"))
	}
}

var variable = regexp.MustCompile(`\(?\$(KOPPI_[A-Z_]+)`)

// settings reads a program's help: each flag with the variable that stands for it.
func settings(program, help string) []string {
	var all []string
	var flag, about string
	add := func() {
		if flag != "" && flag != "--help" {
			name := ""
			if found := variable.FindStringSubmatch(about); found != nil {
				name = found[1]
			}
			all = append(all, strings.Join([]string{program, flag, name}, " "))
		}
	}
	for line := range strings.Lines(help) {
		if found := flagLine.FindStringSubmatch(line); found != nil {
			add()
			flag, about = found[1], ""
		}
		about += " " + strings.TrimSpace(line)
	}
	add()
	return all
}
