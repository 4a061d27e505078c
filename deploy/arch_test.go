// Package deploy_test checks which packages may import which, and that the documents match the code.
package deploy_test

import (
	"os/exec"
	"strings"
	"testing"
)

// forbidden lists pairs: a package below the first path must not import one below the second.
var forbidden = [][2]string{
	{"koppi.internal/proto", "koppi.internal/pkg"},
	{"koppi.internal/proto", "koppi.internal/services"},
	{"koppi.internal/proto", "koppi.internal/gateway"},
	{"koppi.internal/pkg", "koppi.internal/services"},
	{"koppi.internal/pkg", "koppi.internal/gateway"},
	{"koppi.internal/pkg", "koppi.internal/deploy"},
	{"koppi.internal/services", "koppi.internal/gateway"},
	{"koppi.internal/services", "koppi.internal/deploy"},
	{"koppi.internal/gateway", "koppi.internal/services"},
	{"koppi.internal/gateway", "koppi.internal/deploy"},
	// The kit for partners' systems stands by itself on the contract, and Koppi's programs do not stand on it.
	{"koppi.internal/partner", "koppi.internal/pkg"},
	{"koppi.internal/partner", "koppi.internal/services"},
	{"koppi.internal/partner", "koppi.internal/gateway"},
	{"koppi.internal/partner", "koppi.internal/deploy"},
	{"koppi.internal/pkg", "koppi.internal/partner"},
	{"koppi.internal/services", "koppi.internal/partner"},
	{"koppi.internal/gateway", "koppi.internal/partner"},
}

// kernel lists users of the journal, which the journal must not import.
var kernel = []string{"koppi.internal/pkg/command", "koppi.internal/pkg/mailbox", "koppi.internal/pkg/journal/sqlite", "koppi.internal/pkg/journal/postgres"}

// harness is that of the tests in deploy; no program links it.
const harness = "koppi.internal/deploy/testkit"

// engine is the package that the services' part of every capability uses, and no part of the gateway.
const engine = "koppi.internal/pkg/command"

// pure are the packages that rules may import: none with a clock, network, database or log.
var pure = []string{"koppi.internal/proto/", "koppi.internal/pkg/matter", "koppi.internal/pkg/fault", "google.golang.org/protobuf/", "cmp", "maps", "slices", "strconv", "strings", "time"}

func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}",
		"koppi.internal/proto/...", "koppi.internal/partner/...", "koppi.internal/pkg/...", "koppi.internal/services/...", "koppi.internal/gateway/...", "koppi.internal/deploy/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		for _, imported := range fields[1:] {
			if why := wrong(fields[0], imported); why != "" {
				t.Errorf("%s imports %s: %s", fields[0], imported, why)
			}
		}
	}
}

// No service links the gateway's part of a capability, and no part of the gateway links a services'
// part, which uses the command engine.
func TestGatewayAndServiceParts(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{join .Deps \" \"}}",
		"koppi.internal/pkg/...", "koppi.internal/services/...", "koppi.internal/gateway/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		for _, linked := range fields[1:] {
			switch {
			case isGateways(fields[0]) && below(linked, engine):
				t.Errorf("%s belongs to the gateway and links %s, which belongs to the services", fields[0], linked)
			case below(fields[0], "koppi.internal/services") && isGateways(linked):
				t.Errorf("%s belongs to a service and links %s, which belongs to the gateway", fields[0], linked)
			}
		}
	}
}

// isGateways reports whether a package belongs to the gateway: its own, or its part of a capability.
func isGateways(path string) bool {
	return below(path, "koppi.internal/gateway") || below(path, "koppi.internal/pkg/mailbox/merged") ||
		strings.HasPrefix(path, "koppi.internal/pkg/") && (strings.HasSuffix(path, "/gateway") || strings.Contains(path, "/gateway/"))
}

func wrong(from, to string) string {
	for _, rule := range forbidden {
		if below(from, rule[0]) && below(to, rule[1]) {
			return "the import is in the wrong direction"
		}
	}
	if below(to, harness) && !below(from, harness) {
		return "only tests use the harness of tests"
	}
	if one, other := serviceOf(from), serviceOf(to); one != "" && other != "" && one != other {
		return "a service must not import another"
	}
	for _, user := range kernel {
		if from == "koppi.internal/pkg/journal" && to == user {
			return "the journal must not import its users"
		}
	}
	if !strings.HasSuffix(from, "/internal/rules") {
		return ""
	}
	for _, allowed := range pure {
		if to == allowed || strings.HasPrefix(to, allowed) {
			return ""
		}
	}
	return "rules must be pure"
}

// serviceOf returns the service to which a package belongs, such as "concern"; empty for none.
func serviceOf(path string) string {
	rest, is := strings.CutPrefix(path, "koppi.internal/services/")
	if !is {
		return ""
	}
	service, _, _ := strings.Cut(rest, "/")
	return service
}

func below(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }
