package program_test

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"koppi.internal/pkg/process"
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
)

// A service that lacks a secret or a CA of its callers refuses to start before it is built, and says
// what is missing. A misspelt environment variable is refused.
func TestRefusesToStart(t *testing.T) {
	build := func(service.Deps) (program.Service, error) { panic("not built") }
	for name, test := range map[string]struct {
		config program.Config
		says   string
	}{
		"no secrets":   {program.Config{Secrets: t.TempDir()}, "koppi secrets"},
		"no client CA": {program.Config{Listening: process.Listening{TLSCert: "x", TLSKey: "y"}}, "--client-ca"},
	} {
		if err := test.config.Run(t.Context(), "concern", build); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	parser, err := kong.New(&program.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for variable, known := range map[string]bool{"KOPPI_JOURNAL=x": true, "KOPPI_JUORNAL=x": false, "HOME=/": true} {
		if err := process.CheckEnvironment(parser.Model.Node, []string{variable}); (err == nil) != known {
			t.Errorf("%s: %v", variable, err)
		}
	}
}
