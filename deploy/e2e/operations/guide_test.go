package operations

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/gateway/session/oidctest"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/notify/redistest"
	"koppi.internal/pkg/process/certtest"
)

const productionGuide = "deploy/production.md"

// guide is an operator who follows the guide to production.
type guide struct {
	t     *testing.T
	page  string
	taken map[string]bool
	etc   string
	// variables are those of the page's table, as "NAME=value".
	variables []string
	suite     *certtest.Authority
}

// An operator who follows production.md gets from nothing to two agencies: PostgreSQL with a standby, Redis, TLS
// between all, a system by its certificate and a worker by an OpenID provider. Each block is run as it stands.
func TestProductionGuide(t *testing.T) {
	g := &guide{t: t, page: string(testkit.Must(os.ReadFile(testkit.Path(productionGuide)))), taken: map[string]bool{}, etc: t.TempDir(), suite: certtest.New(t)}
	g.databases()
	base := "https://" + testkit.FreeAddress(t)
	provider := oidctest.Start(t, base)
	provider.Know("taina", map[string]any{"groups": []string{"SHL-sosiaalityontekija"}, "department": "4711", "employee": "ps-21"})
	folder := t.TempDir()
	g.set("ETC", g.etc, "REDIS", redistest.Start(t).URL(), "ATTACHMENTS", "file://"+folder+"/attachments", "ATTACHMENT_KEYS", "file://"+folder+"/keys",
		"BASE_URL", base, "ISSUER", provider.Issuer, "PARTNER", filepath.Join(g.etc, "tls/kela"), "EXPORT", filepath.Join(folder, "kela-export"))
	g.run("secrets", "schemas")
	if out := g.run("directory"); !strings.Contains(out, "tyoikaiset-kuopio") {
		t.Errorf("the directory: %s", out)
	}
	g.run("callers")
	g.write("county.secret", oidctest.Secret)
	kela := certtest.New(t)
	g.write("kela-ca.crt", string(testkit.Must(os.ReadFile(kela.CA()))))
	g.certificate(kela, "kela", "etuus.kela.example")
	for _, service := range suite.Names() {
		g.certificate(g.suite, service, service)
		g.set("SERVICE", service)
		g.run("service")
		g.set(strings.ToUpper(service), g.start(service, "").Address)
	}
	g.certificate(g.suite, "gateway", "gateway")
	g.certificate(g.suite, "gateway-public", "koppi.example.fi")
	g.run("gateway", "callback-secret")
	g.start("gateway", strings.TrimPrefix(base, "https://"))

	// Kela's system trusts the CA of the gateway's public certificate.
	g.write("tls/kela/ca.crt", string(testkit.Must(os.ReadFile(g.suite.CA()))))
	var submitted struct{ Concern struct{ ConcernID string } }
	g.decode(g.run("first"), &submitted)
	worker := g.signIn(base, provider.Issuer, "taina")
	g.call(worker, base, "concern.v1.ConcernService/ReceiveConcern", map[string]any{"requestId": uuid.NewString(), "concernId": submitted.Concern.ConcernID})
	if mailbox := g.run("mailbox"); !strings.Contains(mailbox, "koppi.concern.v1.ConcernReceived") || !strings.Contains(mailbox, submitted.Concern.ConcernID) {
		t.Errorf("Kela's mailbox: %s", mailbox)
	}
	if exported := g.run("export"); !strings.Contains(exported, "concern: 2 messages") {
		t.Errorf("Kela's export: %s", exported)
	}
	if parked := g.run("parked"); !strings.Contains(parked, "nothing is parked") {
		t.Errorf("what Kela's endpoint refused: %s", parked)
	}
	for _, block := range regexp.MustCompile("(?m)^```sh ([a-z-]+)$").FindAllStringSubmatch(g.page, -1) {
		if !g.taken[block[1]] {
			t.Errorf("nobody has run the block %s", block[1])
		}
	}
}

// databases starts a server with a synchronous standby, and prepares it as the page says.
func (g *guide) databases() {
	primary := postgrestest.Start(g.t, "fsync=off")
	standby := primary.Standby(g.t, "standby")
	primary.WaitFor("standby")
	statements := filepath.Join(primary.Folder(), "databases.sql")
	if err := os.WriteFile(statements, testkit.Must(os.ReadFile(testkit.Path("deploy/compose/databases.sql"))), 0o644); err != nil {
		g.t.Fatal(err)
	}
	primary.Shell("cd " + primary.Folder() + "\n" + strings.TrimSpace(g.block("databases")) + ` | grep "is sync"`)
	reach := fmt.Sprintf("host=127.0.0.1,127.0.0.1 port=%d,%d target_session_attrs=read-write sslmode=disable", primary.Port(), standby.Port())
	g.set("JOURNALS", reach, "KEYS", reach)
}

// block is a block of the page by its name.
func (g *guide) block(name string) string {
	g.t.Helper()
	g.taken[name] = true
	return testkit.Block(g.t, productionGuide, name)
}

func (g *guide) set(pairs ...string) {
	for pair := range slices.Chunk(pairs, 2) {
		g.variables = append(g.variables, pair[0]+"="+pair[1])
	}
}

// run runs blocks with koppi in the path, and returns what the last one printed.
func (g *guide) run(names ...string) (printed string) {
	g.t.Helper()
	for _, name := range names {
		command := exec.CommandContext(g.t.Context(), "bash", "-euo", "pipefail", "-c", g.block(name))
		command.Env = slices.Concat(os.Environ(), []string{"PATH=" + filepath.Dir(clustertest.Build(g.t, clustertest.KoppiCommand)) + ":" + os.Getenv("PATH")}, g.variables)
		out, err := command.CombinedOutput()
		if err != nil {
			g.t.Fatalf("%s: %v: %s", name, err, out)
		}
		printed = string(out)
	}
	return printed
}

func (g *guide) write(name, content string) {
	g.t.Helper()
	path := filepath.Join(g.etc, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// certificate writes a certificate where the page says that it is.
func (g *guide) certificate(by *certtest.Authority, name string, names ...string) {
	g.t.Helper()
	certificate, key := by.Issue(name, names...)
	for file, from := range map[string]string{"tls.crt": certificate, "tls.key": key, "ca.crt": by.CA()} {
		g.write(filepath.Join("tls", name, file), string(testkit.Must(os.ReadFile(from))))
	}
}

// start starts a program as the page's unit does: with the file of its environment. Its addresses are this test's.
func (g *guide) start(name, address string) *clustertest.Process {
	g.t.Helper()
	unit := testkit.Block(g.t, productionGuide, "koppi@.service")
	if !strings.Contains(unit, "\nEnvironmentFile=/etc/koppi/%i.env\n") || !strings.Contains(unit, "\nExecStart=/usr/local/bin/%i\n") {
		g.t.Fatal("production.md has another unit")
	}
	command := clustertest.GatewayCommand
	if slices.Contains(suite.Names(), name) {
		command = clustertest.ServiceCommand(name)
	}
	p := clustertest.NewProcess(g.t, command)
	for line := range strings.Lines(string(testkit.Must(os.ReadFile(filepath.Join(g.etc, name+".env"))))) {
		p.Env = append(p.Env, strings.ReplaceAll(strings.TrimSpace(line), `"`, ""))
	}
	p.Env = append(p.Env, "KOPPI_METRICS=127.0.0.1:0")
	if address != "" {
		p.Address = address
	}
	p.Start()
	return p
}

// signIn signs in to the pages at a provider, as a browser does.
func (g *guide) signIn(base, issuer, name string) *http.Client {
	g.t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(testkit.Must(os.ReadFile(g.suite.CA())))
	browser := &http.Client{Jar: testkit.Must(cookiejar.New(nil)), Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	form := testkit.Must(browser.Get(base + "/session/sign-in?to=/work&issuer=" + url.QueryEscape(issuer)))
	_ = form.Body.Close()
	at := form.Request.URL
	done := testkit.Must(browser.PostForm(at.Scheme+"://"+at.Host+"/login/username", url.Values{
		"username": {name}, "password": {oidctest.Password}, "id": {at.Query().Get("authRequestID")},
	}))
	_ = done.Body.Close()
	if done.Request.URL.String() != base+"/work" {
		g.t.Fatalf("signed in, and at %s", done.Request.URL)
	}
	return browser
}

func (g *guide) call(who *http.Client, base, method string, request map[string]any) {
	g.t.Helper()
	r := testkit.Must(http.NewRequestWithContext(g.t.Context(), http.MethodPost, base+"/koppi."+method, strings.NewReader(testkit.JSON(request, nil))))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", base)
	answer := testkit.Must(who.Do(r))
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		g.t.Fatalf("%s: %s", method, testkit.Must(io.ReadAll(answer.Body)))
	}
}

func (g *guide) decode(text string, into any) {
	g.t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		g.t.Fatalf("%v: %s", err, text)
	}
}
