package kubernetes_test

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"koppi.internal/deploy/kubernetes"
)

// Each selector selects exactly the intended pods.
func TestSelectors(t *testing.T) {
	all := read(t)
	for _, d := range all.Deployments {
		if got := selected(t, all, d.Spec.Selector); !slices.Equal(got, []string{d.Name}) {
			t.Errorf("deployment %s selects %v", d.Name, got)
		}
	}
	for _, budget := range all.Budgets {
		if got := selected(t, all, budget.Spec.Selector); !slices.Equal(got, []string{budget.Name}) || budget.Spec.MaxUnavailable.IntValue() != 1 {
			t.Errorf("budget %s selects %v", budget.Name, got)
		}
	}
	for _, service := range all.Services {
		got := selected(t, all, &metav1.LabelSelector{MatchLabels: service.Spec.Selector})
		if !slices.Equal(got, []string{service.Name}) {
			t.Errorf("service %s selects %v", service.Name, got)
			continue
		}
		for _, port := range service.Spec.Ports {
			there := portOf(container(all, service.Name), port.TargetPort.String())
			// The ports of a headless service are not translated.
			if there == 0 || service.Spec.ClusterIP == corev1.ClusterIPNone && there != port.Port {
				t.Errorf("service %s: port %v leads to %d", service.Name, port, there)
			}
		}
	}
	if len(all.Deployments) != 5 || len(all.Budgets) != 5 || len(all.Services) != 5 {
		t.Errorf("%d deployments, %d budgets, %d services", len(all.Deployments), len(all.Budgets), len(all.Services))
	}
}

// Everything that a pod names exists: its account, its ConfigMaps and the volumes of its mounts. Its
// settings name only mounted files and ports that it or a service has.
func TestReferences(t *testing.T) {
	all := read(t)
	for _, pod := range all.Pods() {
		if !slices.ContainsFunc(all.Accounts, func(a corev1.ServiceAccount) bool { return a.Name == pod.Spec.ServiceAccountName }) {
			t.Errorf("%s: no account %s", pod.Name, pod.Spec.ServiceAccountName)
		}
		volumes := map[string]bool{}
		for _, volume := range pod.Spec.Volumes {
			volumes[volume.Name] = false
			if volume.ConfigMap != nil && !slices.ContainsFunc(all.ConfigMaps, func(c corev1.ConfigMap) bool { return c.Name == volume.ConfigMap.Name }) {
				t.Errorf("%s: no ConfigMap %s", pod.Name, volume.ConfigMap.Name)
			}
		}
		for _, c := range pod.Spec.Containers {
			for _, mount := range c.VolumeMounts {
				if _, ok := volumes[mount.Name]; !ok || !mount.ReadOnly {
					t.Errorf("%s: mount %v", c.Name, mount)
				}
				volumes[mount.Name] = true
			}
			placed(t, all, c)
		}
		for name, used := range volumes {
			if !used {
				t.Errorf("%s: volume %s is mounted nowhere", pod.Name, name)
			}
		}
	}
}

// placed checks that files in settings are mounted, and that addresses name existing ports.
func placed(t *testing.T, all *kubernetes.Manifests, c corev1.Container) {
	t.Helper()
	environment, err := all.Environment(c, func(string, string) string { return "" })
	if err != nil {
		t.Error(err)
	}
	for name, value := range environment {
		if strings.HasPrefix(value, "/") && !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
			return value == m.MountPath || strings.HasPrefix(value, m.MountPath+"/")
		}) {
			t.Errorf("%s: %s=%s is nowhere", c.Name, name, value)
		}
		host, port, err := net.SplitHostPort(value)
		number, _ := strconv.Atoi(port)
		switch {
		case err != nil || number == 0:
		case host == "0.0.0.0":
			if !slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return int(p.ContainerPort) == number }) {
				t.Errorf("%s: %s=%s is no port of it", c.Name, name, value)
			}
		default:
			if !slices.ContainsFunc(all.Services, func(s corev1.Service) bool { return s.Name == host && int(s.Spec.Ports[0].Port) == number }) {
				t.Errorf("%s: %s=%s is no service", c.Name, name, value)
			}
		}
	}
}

// selected returns the names of the pods that a selector selects.
func selected(t *testing.T, all *kubernetes.Manifests, selector *metav1.LabelSelector) []string {
	t.Helper()
	matches, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, pod := range all.Pods() {
		if matches.Matches(labels.Set(pod.Labels)) {
			names = append(names, pod.Name)
		}
	}
	slices.Sort(names)
	return names
}

// container returns the only container of a deployment.
func container(all *kubernetes.Manifests, name string) corev1.Container {
	for _, pod := range all.Pods() {
		if pod.Name == name {
			return pod.Spec.Containers[0]
		}
	}
	return corev1.Container{}
}

// README.md lists all Secrets.
func TestSecretsInReadme(t *testing.T) {
	all, named := read(t), map[string]bool{}
	for _, pod := range all.Pods() {
		for _, volume := range pod.Spec.Volumes {
			if volume.Secret != nil {
				named[volume.Secret.SecretName] = true
			}
			if volume.Projected != nil {
				for _, source := range volume.Projected.Sources {
					named[source.Secret.Name] = true
				}
			}
		}
		for _, c := range pod.Spec.Containers {
			for _, from := range c.EnvFrom {
				if from.SecretRef != nil {
					named[from.SecretRef.Name] = true
				}
			}
			for _, one := range c.Env {
				if one.ValueFrom != nil {
					named[one.ValueFrom.SecretKeyRef.Name] = true
				}
			}
		}
	}
	listed := listedSecrets(t)
	if got := slices.Sorted(maps.Keys(named)); !slices.Equal(got, listed) {
		t.Errorf("named are %v\nlisted are %v", got, listed)
	}
}
