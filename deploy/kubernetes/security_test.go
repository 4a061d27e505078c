package kubernetes_test

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"koppi.internal/deploy/kubernetes"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/serve"
)

// user is the user of the image.
const user = 65532

func read(t *testing.T) *kubernetes.Manifests {
	t.Helper()
	all, err := kubernetes.Read("overlays/production")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The base is valid without an overlay.
func TestBaseManifests(t *testing.T) {
	all, err := kubernetes.Read("base")
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Deployments) != 5 || len(all.Jobs) != 1 || len(all.Pods()) != 6 {
		t.Errorf("%d deployments, %d jobs", len(all.Deployments), len(all.Jobs))
	}
}

// Every container runs as an unprivileged user on a read-only file system, without capabilities and
// without a token of Kubernetes.
func TestPodSecurity(t *testing.T) {
	all := read(t)
	for _, pod := range all.Pods() {
		s := pod.Spec.SecurityContext
		if s == nil || !is(s.RunAsNonRoot, true) || !is(s.RunAsUser, user) || !is(s.RunAsGroup, user) || s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: security context %v", pod.Name, s)
		}
		if pod.Spec.HostNetwork || pod.Spec.HostPID || pod.Spec.HostIPC || pod.Spec.ShareProcessNamespace != nil {
			t.Errorf("%s shares namespaces of its node", pod.Name)
		}
		if !is(pod.Spec.AutomountServiceAccountToken, false) || !is(pod.Spec.EnableServiceLinks, false) {
			t.Errorf("%s gets a token, or variables of services", pod.Name)
		}
		if len(pod.Spec.InitContainers)+len(pod.Spec.EphemeralContainers) > 0 {
			t.Errorf("%s has containers that are not checked", pod.Name)
		}
		for _, c := range pod.Spec.Containers {
			s := c.SecurityContext
			if s == nil || !is(s.AllowPrivilegeEscalation, false) || !is(s.ReadOnlyRootFilesystem, true) || s.Privileged != nil || s.RunAsUser != nil ||
				s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(s.Capabilities.Add) > 0 {
				t.Errorf("%s: security context %v", c.Name, s)
			}
			limited(t, c)
		}
	}
	if len(all.Accounts) != len(all.Pods()) {
		t.Errorf("%d accounts of %d pods", len(all.Accounts), len(all.Pods()))
	}
	for _, account := range all.Accounts {
		if !is(account.AutomountServiceAccountToken, false) {
			t.Errorf("account %s has a token", account.Name)
		}
	}
	if all.Namespaces[0].Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Error("the namespace admits unrestricted pods")
	}
}

// limited checks that memory is limited, and that GOMEMLIMIT is three quarters of the limit.
func limited(t *testing.T, c corev1.Container) {
	t.Helper()
	memory := c.Resources.Limits.Memory()
	at := slices.IndexFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == "GOMEMLIMIT" })
	if memory.IsZero() || c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().Cmp(*memory) != 0 || at < 0 {
		t.Errorf("%s: resources %v", c.Name, c.Resources)
		return
	}
	limit := resource.MustParse(c.Env[at].Value[:len(c.Env[at].Value)-1])
	if limit.Value()*4 != memory.Value()*3 {
		t.Errorf("%s: GOMEMLIMIT %s of %s", c.Name, c.Env[at].Value, memory)
	}
}

// Every deployment has several replicas and probes, and a grace period that suffices to shut down.
func TestDeploymentAvailability(t *testing.T) {
	for _, d := range read(t).Deployments {
		pod := d.Spec.Template.Spec
		if d.Spec.Replicas == nil || *d.Spec.Replicas < 2 || d.Spec.Strategy.RollingUpdate == nil || d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() != 0 {
			t.Errorf("%s: %v replicas, %v", d.Name, d.Spec.Replicas, d.Spec.Strategy)
		}
		if len(pod.TopologySpreadConstraints) != 1 || pod.TopologySpreadConstraints[0].LabelSelector.MatchLabels["app.kubernetes.io/name"] != d.Name {
			t.Errorf("%s may stand on one machine alone: %v", d.Name, pod.TopologySpreadConstraints)
		}
		c := pod.Containers[0]
		for probe, path := range map[*corev1.Probe]string{c.StartupProbe: "/livez", c.LivenessProbe: "/livez", c.ReadinessProbe: "/readyz"} {
			if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || probe.HTTPGet.Port.String() != "metrics" || portOf(c, "metrics") == 0 {
				t.Errorf("%s: probe %v", d.Name, probe)
			}
		}
		ends := time.Duration(c.Lifecycle.PreStop.Sleep.Seconds)*time.Second + serve.DrainTime + process.EndTime
		if grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; grace <= ends {
			t.Errorf("%s is killed after %s, and may take %s", d.Name, grace, ends)
		}
	}
}

func is[T comparable](got *T, want T) bool { return got != nil && *got == want }

// portOf returns a container's port by name; 0 if it has none.
func portOf(c corev1.Container, name string) int32 {
	for _, port := range c.Ports {
		if port.Name == name {
			return port.ContainerPort
		}
	}
	return 0
}
