// Package kubernetes reads Koppi's manifests as Kubernetes would, for tests.
package kubernetes

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// Manifests are the objects that an overlay produces.
type Manifests struct {
	Namespaces  []corev1.Namespace
	Accounts    []corev1.ServiceAccount
	ConfigMaps  []corev1.ConfigMap
	Services    []corev1.Service
	Deployments []appsv1.Deployment
	Jobs        []batchv1.Job
	Budgets     []policyv1.PodDisruptionBudget
	Policies    []networkingv1.NetworkPolicy
}

// Read builds the kustomization in a folder and decodes each object strictly into the API's type.
// An unknown kind or field is an error.
func Read(folder string) (*Manifests, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	all := &Manifests{}
	for _, one := range built.Resources() {
		text, err := one.AsYAML()
		if err != nil {
			return nil, err
		}
		if err := all.add(one.GetApiVersion()+" "+one.GetKind(), text); err != nil {
			return nil, fmt.Errorf("%s %s: %w", one.GetKind(), one.GetName(), err)
		}
	}
	return all, nil
}

func (m *Manifests) add(kind string, text []byte) error {
	switch kind {
	case "v1 Namespace":
		return decode(text, &m.Namespaces)
	case "v1 ServiceAccount":
		return decode(text, &m.Accounts)
	case "v1 ConfigMap":
		return decode(text, &m.ConfigMaps)
	case "v1 Service":
		return decode(text, &m.Services)
	case "apps/v1 Deployment":
		return decode(text, &m.Deployments)
	case "batch/v1 Job":
		return decode(text, &m.Jobs)
	case "policy/v1 PodDisruptionBudget":
		return decode(text, &m.Budgets)
	case "networking.k8s.io/v1 NetworkPolicy":
		return decode(text, &m.Policies)
	}
	return fmt.Errorf("unknown kind %s", kind)
}

func decode[T any](text []byte, into *[]T) error {
	var one T
	if err := yaml.UnmarshalStrict(text, &one); err != nil {
		return err
	}
	*into = append(*into, one)
	return nil
}

// Pod is the pod template of a Deployment or a Job.
type Pod struct {
	Name   string
	Labels map[string]string
	Spec   corev1.PodSpec
}

// Pods returns the templates of all pods.
func (m *Manifests) Pods() []Pod {
	var all []Pod
	for _, one := range m.Deployments {
		all = append(all, Pod{one.Name, one.Spec.Template.Labels, one.Spec.Template.Spec})
	}
	for _, one := range m.Jobs {
		all = append(all, Pod{one.Name, one.Spec.Template.Labels, one.Spec.Template.Spec})
	}
	return all
}

// Command returns a container's program with its arguments.
func Command(c corev1.Container) []string { return slices.Concat(c.Command, c.Args) }

// Environment returns the environment of a container. It gets values of Secrets from the function,
// and treats an optional Secret as missing. It fails for variables from any other source than
// ConfigMaps and Secrets.
func (m *Manifests) Environment(c corev1.Container, secret func(name, key string) string) (map[string]string, error) {
	all := map[string]string{}
	for _, from := range c.EnvFrom {
		if from.SecretRef != nil && from.SecretRef.Optional != nil && *from.SecretRef.Optional {
			continue
		}
		if from.ConfigMapRef == nil || from.Prefix != "" {
			return nil, fmt.Errorf("%s: variables come from another source than a ConfigMap", c.Name)
		}
		at := slices.IndexFunc(m.ConfigMaps, func(one corev1.ConfigMap) bool { return one.Name == from.ConfigMapRef.Name })
		if at < 0 {
			return nil, fmt.Errorf("%s: there is no ConfigMap %s", c.Name, from.ConfigMapRef.Name)
		}
		maps.Copy(all, m.ConfigMaps[at].Data)
	}
	for _, one := range c.Env {
		switch {
		case one.ValueFrom == nil:
			all[one.Name] = one.Value
		case one.ValueFrom.SecretKeyRef != nil:
			all[one.Name] = secret(one.ValueFrom.SecretKeyRef.Name, one.ValueFrom.SecretKeyRef.Key)
		default:
			return nil, fmt.Errorf("%s: %s comes from another source than a ConfigMap or a Secret", c.Name, one.Name)
		}
	}
	return all, nil
}
