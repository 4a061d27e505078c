package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"koppi.internal/deploy/suite"
	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/notice"
	"koppi.internal/pkg/process"
)

// programs whose settings the table documents, by the help that they print.
var programs = []struct{ name, path string }{
	{"koppi up", "koppi.internal/deploy/cmd/koppi"},
	{"koppi migrate", "koppi.internal/deploy/cmd/koppi"},
	{"koppi fsck", "koppi.internal/deploy/cmd/koppi"},
	{"koppi log checkpoint", "koppi.internal/deploy/cmd/koppi"},
	{"koppi secrets", "koppi.internal/deploy/cmd/koppi"},
	{"koppi keys rotate", "koppi.internal/deploy/cmd/koppi"},
	{"koppi erase", "koppi.internal/deploy/cmd/koppi"},
	{"koppi hold set", "koppi.internal/deploy/cmd/koppi"},
	{"koppi hold release", "koppi.internal/deploy/cmd/koppi"},
	{"koppi hold list", "koppi.internal/deploy/cmd/koppi"},
	{"koppi load", "koppi.internal/deploy/cmd/koppi"},
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
		if _, err := os.Stat(binary); err != nil {
			if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, program.path).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		args := []string{"--help"}
		if command, ok := strings.CutPrefix(program.name, "koppi "); ok {
			args = append(strings.Fields(command), "--help")
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
	for _, one := range real {
		if !slices.Contains(documented, one) {
			t.Errorf("not in the table: %s", one)
		}
	}
	for i, one := range documented {
		if !slices.Contains(real, one) {
			t.Errorf("made up: %s", one)
		}
		if i > 0 && documented[i-1] == one {
			t.Errorf("twice: %s", one)
		}
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

// secretNames are flags whose names speak of secrets, and secretPlaces how their help
// says that a place is given and not the secret.
var (
	secretNames  = regexp.MustCompile(`secret|password|passphrase|token|credential|key|kek|cert|auth`)
	secretPlaces = regexp.MustCompile(`^(File|Folder|URL|Address|Where|Keep|Also|PostgreSQL connection string|The same for|And of its keys|And the folder)\b`)
)

// No flag of any program takes a secret by value: who runs ps must not read it.
func TestFlagsTakeNoSecrets(t *testing.T) {
	seen := 0
	for _, model := range []any{&cli{}, &process.Service{}, &struct {
		callback.Settings `embed:""`
		process.Listening `embed:""`
		process.Calling   `embed:""`
		Notices           notice.Settings `embed:""`
		Papers            process.Papers  `embed:""`
	}{}} {
		walkFlags(kong.Must(model).Model.Node, func(flag *kong.Flag) {
			if !secretNames.MatchString(flag.Name) {
				return
			}
			seen++
			if !secretPlaces.MatchString(flag.Help) {
				t.Errorf("--%s may take a secret by value: %s", flag.Name, flag.Help)
			}
		})
	}
	if seen < 10 {
		t.Errorf("only %d flags were seen", seen)
	}
}

func walkFlags(node *kong.Node, see func(*kong.Flag)) {
	for _, flag := range node.Flags {
		see(flag)
	}
	for _, child := range node.Children {
		walkFlags(child, see)
	}
}
