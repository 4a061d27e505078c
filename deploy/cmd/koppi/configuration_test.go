package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/program"
	notice "koppi.internal/pkg/notice/gateway"
	"koppi.internal/pkg/process"
	serviceprogram "koppi.internal/pkg/service/program"
)

var update = flag.Bool("update", false, "write the table again")

const (
	tableBegins = "<!-- What follows is written by: go test ./deploy/cmd/koppi -run TestConfigurationTable -update -->\n"
	tableEnds   = "<!-- This is its end. -->\n"
)

// The table of settings in configuration.md matches the flags of the programs.
func TestConfigurationTable(t *testing.T) {
	const page = "../../configuration.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(text), tableBegins)
	table, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatal("the page has no place for the table")
	}
	made := settings()
	if *update {
		if err := os.WriteFile(page, []byte(before+tableBegins+made+tableEnds+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != made {
		t.Error("the table does not match the programs: go test ./deploy/cmd/koppi -run TestConfigurationTable -update")
	}
}

// settings returns the table of the settings of all programs, one row for each flag.
func settings() string {
	var table strings.Builder
	table.WriteString("| program | flag | variable | what |\n| --- | --- | --- | --- |\n")
	add := func(program string, groups [][]*kong.Flag) {
		for _, one := range slices.Concat(groups...) {
			if one.Name == "help" || one.Hidden {
				continue
			}
			variable := ""
			if len(one.Envs) > 0 {
				variable = "`" + one.Envs[0] + "`"
			}
			fmt.Fprintf(&table, "| %s | `--%s` | %s | %s |\n", program, one.Name, variable, about(one))
		}
	}
	for _, command := range kong.Must(&cli{}).Model.Leaves(true) {
		add("koppi "+strings.Join(strings.Fields(strings.ReplaceAll(command.Path(), "koppi ", "")), " "), command.AllFlags(true))
	}
	// All services have the same settings.
	add("a service", kong.Must(&serviceprogram.Config{}).Model.AllFlags(true))
	add("gateway", kong.Must(&program.Config{}).Model.AllFlags(true))
	return table.String()
}

// literal matches words that are typed literally.
var literal = regexp.MustCompile(`--[a-z][a-z-]+|[a-z0-9]+:///?[^ ,;]+|\{"[^}]+\}|\b[a-z-]+\.(json|pub|key)\b|(^|[ (])/[a-z]+\b|\benv:NAME\b`)

// about returns a flag's help with its default.
func about(one *kong.Flag) string {
	said := literal.ReplaceAllStringFunc(one.Help, func(found string) string {
		start := len(found) - len(strings.TrimLeft(found, " ("))
		end := len(strings.TrimRight(found, ".:"))
		return found[:start] + "`" + found[start:end] + "`" + found[end:]
	})
	if one.HasDefault && one.Default != "" {
		said += " Default: `" + one.Default + "`."
	}
	if one.Required {
		said += " Required."
	}
	return strings.ReplaceAll(said, "|", `\|`)
}

// secretNames matches names of flags for secrets, and secretPlaces the beginning of a help text that
// says that the flag takes a place and not the secret.
var (
	secretNames  = regexp.MustCompile(`secret|password|passphrase|token|credential|key|kek|cert|auth`)
	secretPlaces = regexp.MustCompile(`^(File|Folder|URL|Address|Where|Also|PostgreSQL connection string|The same for)\b`)
)

// No flag takes a secret by value, because other users can read the arguments of processes.
func TestFlagsTakeNoSecrets(t *testing.T) {
	seen := 0
	for _, model := range []any{&cli{}, &serviceprogram.Config{}, &struct {
		callback.Settings `embed:""`
		process.Listening `embed:""`
		process.Calling   `embed:""`
		Notices           notice.Settings           `embed:""`
		Papers            process.AttachmentBuckets `embed:""`
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
		t.Errorf("only %d flags were checked", seen)
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
