package kubernetes_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"koppi.internal/deploy/kubernetes"
	"koppi.internal/deploy/suite"
)

// outside are the ports of servers outside the namespace.
var outside = map[string]string{
	"53": "names", "5432": "PostgreSQL", "6379": "Redis", "443": "buckets, issuers, endpoints", "587": "mail", "4317": "the collector",
}

// Network policies allow only named traffic, by existing ports. Traffic between pods of Koppi is
// allowed by the policies of both sides.
func TestNetworkPolicies(t *testing.T) {
	all := read(t)
	var out, in []string
	denied := false
	for _, policy := range all.Policies {
		pods := selected(t, all, &policy.Spec.PodSelector)
		if len(pods) == 0 {
			t.Errorf("policy %s is of no pod", policy.Name)
		}
		denied = denied || len(pods) == len(all.Pods()) && len(policy.Spec.Ingress)+len(policy.Spec.Egress) == 0 && len(policy.Spec.PolicyTypes) == 2
		for _, rule := range policy.Spec.Ingress {
			ports(t, all, policy.Name, pods, rule.Ports)
			in = append(in, ways(t, all, rule.From, pods, rule.Ports, false)...)
		}
		for _, rule := range policy.Spec.Egress {
			ours := inside(t, all, rule.To)
			if len(ours) > 0 {
				ports(t, all, policy.Name, ours, rule.Ports)
			}
			for _, port := range rule.Ports {
				if len(ours) == 0 && outside[port.Port.String()] == "" {
					t.Errorf("policy %s lets out to port %s, where nothing is", policy.Name, port.Port)
				}
			}
			out = append(out, ways(t, all, rule.To, pods, rule.Ports, true)...)
		}
	}
	slices.Sort(in)
	slices.Sort(out)
	if !denied || !slices.Equal(in, out) || len(in) != 4 {
		t.Errorf("denied by default %v\nlet in  %v\nlet out %v", denied, in, out)
	}
	// The gateway cannot reach the databases; the migration jobs can.
	if reached := selected(t, all, podsOf(t, all, "postgresql")); !slices.Contains(reached, "migrate") || slices.Contains(reached, "gateway") {
		t.Errorf("PostgreSQL is reached by %v", reached)
	}
}

// podsOf returns the selector of a policy's pods.
func podsOf(t *testing.T, all *kubernetes.Manifests, name string) *metav1.LabelSelector {
	t.Helper()
	at := slices.IndexFunc(all.Policies, func(p networkingv1.NetworkPolicy) bool { return p.Name == name })
	if at < 0 {
		t.Fatalf("no policy %s", name)
	}
	return &all.Policies[at].Spec.PodSelector
}

// ports checks that each named port is a port of each pod.
func ports(t *testing.T, all *kubernetes.Manifests, policy string, pods []string, named []networkingv1.NetworkPolicyPort) {
	t.Helper()
	if len(named) == 0 {
		t.Errorf("policy %s opens every port", policy)
	}
	for _, port := range named {
		for _, pod := range pods {
			if port.Port.Type != intstr.String || portOf(container(all, pod), port.Port.String()) == 0 {
				t.Errorf("policy %s: port %s is none of %s", policy, port.Port, pod)
			}
		}
	}
}

// inside returns the pods of Koppi among the peers.
func inside(t *testing.T, all *kubernetes.Manifests, peers []networkingv1.NetworkPolicyPeer) []string {
	t.Helper()
	var pods []string
	for _, peer := range peers {
		if peer.PodSelector != nil && peer.NamespaceSelector == nil {
			pods = append(pods, selected(t, all, peer.PodSelector)...)
		}
	}
	return pods
}

// ways returns the allowed traffic between pods of Koppi.
func ways(t *testing.T, all *kubernetes.Manifests, peers []networkingv1.NetworkPolicyPeer, pods []string, named []networkingv1.NetworkPolicyPort, out bool) []string {
	t.Helper()
	var found []string
	for _, peer := range inside(t, all, peers) {
		for _, pod := range pods {
			from, to := peer, pod
			if out {
				from, to = pod, peer
			}
			for _, port := range named {
				found = append(found, fmt.Sprintf("%s > %s:%s", from, to, port.Port))
			}
		}
	}
	return found
}

var secretRow = regexp.MustCompile("^\\| `([a-z-]+)`")

// listedSecrets returns the Secrets that README.md lists; `<service>` stands for each service.
func listedSecrets(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		for _, service := range suite.Names() {
			if found := secretRow.FindStringSubmatch(strings.ReplaceAll(line, "<service>", service)); found != nil {
				all = append(all, found[1])
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
