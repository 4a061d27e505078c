package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"koppi.internal/deploy/compose"
	"koppi.internal/deploy/kubernetes"
	"koppi.internal/deploy/suite"
	"koppi.internal/gateway/program"
	"koppi.internal/pkg/process"
	serviceprogram "koppi.internal/pkg/service/program"
)

// models returns the settings of the programs, by their paths in the image.
func models() map[string]any {
	all := map[string]any{"/bin/koppi": &cli{}, "/bin/gateway": &program.Config{}}
	for _, name := range suite.Names() {
		all["/bin/"+name] = &serviceprogram.Config{}
	}
	return all
}

// accepts checks that a program accepts a command and an environment, and knows everything in them.
func accepts(t *testing.T, name string, command []string, environment map[string]string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		model := models()[command[0]]
		if model == nil {
			t.Fatalf("%s is not a program of the image", command[0])
		}
		given := []string{}
		for name, value := range environment {
			t.Setenv(name, value)
			given = append(given, name+"="+value)
		}
		parser := kong.Must(model)
		if _, err := parser.Parse(command[1:]); err != nil {
			t.Error(err)
		}
		if err := process.CheckArguments(command[1:]); err != nil {
			t.Error(err)
		}
		if err := process.CheckEnvironment(parser.Model.Node, given); err != nil {
			t.Error(err)
		}
		// Other variables are Go's, or read by a library.
		for name := range environment {
			if !strings.HasPrefix(name, "KOPPI_") && !slices.Contains([]string{"GOGC", "GOMEMLIMIT", "OTEL_EXPORTER_OTLP_CERTIFICATE"}, name) {
				t.Errorf("no program reads %s", name)
			}
		}
	})
}

// The programs accept the commands and variables of the Kubernetes manifests.
func TestManifestSettings(t *testing.T) {
	unset(t)
	all, err := kubernetes.Read("../../kubernetes/overlays/production")
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range all.Pods() {
		for _, c := range pod.Spec.Containers {
			environment, err := all.Environment(c, func(string, string) string { return "given" })
			if err != nil {
				t.Fatal(err)
			}
			accepts(t, pod.Name+"/"+c.Name, kubernetes.Command(c), environment)
		}
	}
}

// unset removes Koppi's variables from the environment of the test.
func unset(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "KOPPI_") {
			t.Setenv(name, "")
			_ = os.Unsetenv(name)
		}
	}
}

// The programs accept the commands and variables of the Compose file.
func TestComposeSettings(t *testing.T) {
	unset(t)
	project, err := compose.Read(t.Context(), "../../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, service := range project.Services {
		if service.Image != "koppi" {
			continue
		}
		environment := map[string]string{}
		for name, value := range service.Environment {
			environment[name] = *value
		}
		accepts(t, name, service.Command, environment)
	}
}
