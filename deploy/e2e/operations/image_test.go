package operations

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"

	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/kubernetes"
	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/telemetrytest"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/notify/redistest"
	"koppi.internal/pkg/process/certtest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// collectorHost is the collector's name in the manifests.
const collectorHost = "otel-collector.observability"

// site is where the manifests run: an address for each pod, and what an operator brings.
type site struct {
	*kubernetes.Manifests
	t     *testing.T
	image string
	// confined says that pods have a root and a user of their own, for which this test must
	// be root's.
	confined bool
	// names have an address each, in a network of this test's own, by a file of hosts.
	names          []string
	network, hosts string
	// secrets by name and key.
	secrets map[string]map[string][]byte
}

// The image's programs run as the manifests say, with their commands, arguments, environment,
// mounts and user, on the image's root file system. A hosts file resolves names to pods. The test
// changes only the addresses to listen on and those of what runs outside.
func TestLongManifestsRun(t *testing.T) {
	s := newSite(t)
	inside, kelas, public := certtest.New(t), certtest.New(t), certtest.New(t)
	s.certificates(inside, public)
	collector := telemetrytest.StartAt(t, tls.NewListener(testkit.Must(net.Listen("tcp", s.addressOf(collectorHost)+":4317")), testkit.Must(inside.Config("collector", collectorHost, s.addressOf(collectorHost)))))
	database, redis := postgrestest.Start(t, "fsync=off"), redistest.Start(t)
	name := database.Database("template1")
	for _, service := range all.Services {
		database.Exec("CREATE ROLE " + clustertest.Role(service.Name) + " LOGIN")
		for secret, role := range map[string]string{"-owner": "postgres", "-database": clustertest.Role(service.Name)} {
			s.secrets[service.Name+secret] = map[string][]byte{
				"journal": []byte(database.DSN(name, role, service.Name)), "keys": []byte(database.DSN(name, role, service.Name+"_keys")),
			}
		}
	}
	s.secrets["redis"] = map[string][]byte{"url": []byte(redis.URL())}
	s.secrets["entrance"] = map[string][]byte{
		"issuers.json": []byte("[]"), "kela.pem": testkit.Must(os.ReadFile(kelas.CA())),
		"partners.json": testkit.Must(json.Marshal([]any{map[string]any{"ca": "kela.pem", "agencies": map[string][]string{"kela": {"etuus.kela.example"}}}})),
	}
	s.suite()

	for _, job := range s.Jobs {
		for _, c := range job.Spec.Template.Spec.Containers {
			s.pod(job.Name, job.Spec.Template.Spec, c).run()
		}
	}
	var pods []*pod
	for _, d := range s.Deployments {
		p := s.pod(d.Name, d.Spec.Template.Spec, d.Spec.Template.Spec.Containers[0])
		p.start()
		pods = append(pods, p)
		if s.confined && p.user() != "65532" {
			t.Errorf("%s runs as %s", p.name, p.user())
		}
		for _, probe := range []string{"/livez", "/readyz", "/metrics"} {
			answer := testkit.Must(http.Get("http://" + s.addressOf(d.Name) + ":9464" + probe))
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				t.Errorf("%s%s: %s", d.Name, probe, answer.Status)
			}
		}
	}

	system := testkit.Must(kelas.Config("etuus", "etuus.kela.example"))
	system.RootCAs, system.ServerName = testkit.Must(public.Config("anybody")).RootCAs, s.name()
	dialled := testkit.DialTLS(t, s.addressOf("gateway")+":8443", system)
	handler := metadata.AppendToOutgoingContext(t.Context(), identity.MetadataOnBehalfOf, "kela-17;toimeentulotuki;benefit_handler")
	submitted := testkit.Must(concernv1.NewConcernServiceClient(dialled).SubmitConcern(handler, testkit.Submission())).GetConcern()
	if submitted.GetReporter().GetWorker() != "kela-17" {
		t.Errorf("submitted by %v", submitted.GetReporter())
	}
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: system.RootCAs, ServerName: s.name(), MinVersion: tls.VersionTLS12}}}
	page := testkit.Must(browser.Get("https://" + s.addressOf("gateway") + ":8443/"))
	_ = page.Body.Close()
	if page.StatusCode != http.StatusOK {
		t.Errorf("the page: %s", page.Status)
	}
	for _, p := range pods {
		p.end(syscall.SIGTERM)
	}
	if len(collector.Received().Metrics) == 0 {
		t.Error("nothing was told to the collector")
	}
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Manifests: testkit.Must(kubernetes.Read(testkit.Path("deploy/kubernetes/overlays/production"))), secrets: map[string]map[string][]byte{}}
	names := []string{collectorHost}
	for _, d := range s.Deployments {
		names = append(names, d.Name)
	}
	s.begin(t, names)
	return s
}

// imageRoot builds the image's root file system, once for all tests of this folder.
var imageRoot = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "koppi-image-")
	if err != nil {
		return "", err
	}
	testkit.AfterTests(func() { _ = os.RemoveAll(folder) })
	if out, err := exec.Command(testkit.Path("deploy/image/rootfs.sh"), folder).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return folder, nil
})

// begin builds the image and gives out addresses, others than those of other test processes.
func (s *site) begin(t *testing.T, names []string) {
	t.Helper()
	s.t, s.image, s.confined, s.names = t, testkit.Must(imageRoot()), os.Geteuid() == 0, names
	s.network = fmt.Sprintf("127.%d.%d.", 1+(os.Getpid()>>8)%250, os.Getpid()&0xff)
	for _, name := range names {
		s.hosts += s.addressOf(name) + " " + name + "\n"
	}
}

// name is that of the gateway as browsers know it.
func (s *site) name() string {
	for _, one := range s.ConfigMaps {
		if at := one.Data["KOPPI_BASE_URL"]; at != "" {
			return testkit.Must(url.Parse(at)).Hostname()
		}
	}
	s.t.Fatal("the gateway has no name")
	return ""
}

func (s *site) addressOf(name string) string {
	return fmt.Sprintf("%s%d", s.network, 1+slices.Index(s.names, name))
}

// certificates are made for each pod's name; of an authority for what browsers see.
func (s *site) certificates(inside, public *certtest.Authority) {
	for _, d := range s.Deployments {
		s.secrets[d.Name+"-tls"] = pair(inside, d.Name, s.addressOf(d.Name))
	}
	s.secrets["gateway-public-tls"] = pair(public, s.name())
}

// pair is a certificate in the form of a Secret.
func pair(by *certtest.Authority, names ...string) map[string][]byte {
	cert, key := by.Issue(names[0], names...)
	return map[string][]byte{"tls.crt": testkit.Must(os.ReadFile(cert)), "tls.key": testkit.Must(os.ReadFile(key)), "ca.crt": testkit.Must(os.ReadFile(by.CA()))}
}
