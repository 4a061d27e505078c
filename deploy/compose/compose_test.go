package compose_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"koppi.internal/deploy/compose"
)

func read(t *testing.T) *types.Project {
	t.Helper()
	project, err := compose.Read(t.Context(), "../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// fixed matches an image with a fixed version.
var fixed = regexp.MustCompile(`^[a-z-]+(/[a-z-]+)?:v?\d`)

// Images have a fixed version or are Koppi's own, and mounted files exist.
func TestImagesAndMounts(t *testing.T) {
	project := read(t)
	for name, service := range project.Services {
		switch {
		case service.Image == "koppi":
			if _, err := os.Stat(filepath.Join(service.Build.Context, service.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case !fixed.MatchString(service.Image):
			t.Errorf("%s: image %s has no version", name, service.Image)
		}
		for _, volume := range service.Volumes {
			if _, err := os.Stat(volume.Source); volume.Type == types.VolumeTypeBind && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if volume.Type == types.VolumeTypeVolume && project.Volumes[volume.Source].Name == "" {
				t.Errorf("%s: no volume %s", name, volume.Source)
			}
		}
	}
}

// Koppi's containers are confined and reach only what they need. Only the gateway is reachable from
// outside.
func TestContainerSecurity(t *testing.T) {
	seen := 0
	for name, service := range read(t).Services {
		if service.Image != "koppi" {
			continue
		}
		seen++
		if service.User != "65532:65532" || !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) || !slices.Equal(service.SecurityOpt, []string{"no-new-privileges:true"}) || service.Privileged {
			t.Errorf("%s is not confined", name)
		}
		if len(service.Ports) > 0 && name != "gateway" {
			t.Errorf("%s is reachable from outside", name)
		}
		if _, data := service.Networks["data"]; data && name == "gateway" {
			t.Error("the gateway can reach the databases")
		}
		issuer := slices.ContainsFunc(service.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == "/etc/koppi/secrets" }) &&
			!slices.ContainsFunc(service.Volumes, func(v types.ServiceVolumeConfig) bool {
				return v.Source == "/dev/null" && v.Target == "/etc/koppi/secrets/suite-issuer.json"
			})
		if issuer != (name == "gateway" || name == "secrets") {
			t.Errorf("%s has the key that names callers: %v", name, issuer)
		}
	}
	if seen != 10 {
		t.Errorf("%d containers of Koppi's", seen)
	}
}

// A container waits for the health of another only if that has a health check.
func TestDependencies(t *testing.T) {
	project := read(t)
	for name, service := range project.Services {
		for other, how := range service.DependsOn {
			if how.Condition == types.ServiceConditionHealthy && project.Services[other].HealthCheck == nil {
				t.Errorf("%s waits for the health of %s, which has none", name, other)
			}
			if how.Condition == types.ServiceConditionCompletedSuccessfully && project.Services[other].Restart == types.RestartPolicyUnlessStopped {
				t.Errorf("%s waits for the end of %s, which has none", name, other)
			}
		}
	}
}

// The preparation creates each mounted folder of certificates, and a second run does not change it.
func TestCertificatesPrepared(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"certificates", "secrets", "papers", "paper-keys"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	prepare := func() string {
		run(t, "./prepare.sh", folder)
		return run(t, "sh", "-c", "cat "+folder+"/certificates/*/tls.crt "+folder+"/certificates/*/ca.crt "+folder+"/certificates/postgres/password")
	}
	if first := prepare(); first != prepare() {
		t.Error("a second run changed the certificates")
	}
	for name, service := range read(t).Services {
		for _, volume := range service.Volumes {
			if volume.Source != "certificates" || volume.Volume == nil || volume.Volume.Subpath == "" {
				continue
			}
			made := filepath.Join(folder, "certificates", volume.Volume.Subpath)
			if entries, err := os.ReadDir(made); err != nil || len(entries) == 0 {
				t.Errorf("%s mounts %s, which is not made: %v", name, volume.Volume.Subpath, err)
			}
		}
	}
	said := run(t, "openssl", "x509", "-noout", "-text", "-in", filepath.Join(folder, "certificates/concern/tls.crt"))
	if !strings.Contains(said, "CN = koppi_concern") && !strings.Contains(said, "CN=koppi_concern") || !strings.Contains(said, "DNS:concern") {
		t.Error(said)
	}
}

func run(t *testing.T, command string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), command, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	return string(out)
}
