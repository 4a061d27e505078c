package operations

import (
	"crypto/tls"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"koppi.internal/deploy/compose"
	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/telemetrytest"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/notify/redistest"
)

// composed is compose.yaml's suite up to the services, on servers of a test's own.
type composed struct {
	*site
	*types.Project
	prepared string
	postgres *postgrestest.Server
	redis    *redistest.Server
}

// The processes run with what Compose prepares: each service connects over TLS, by certificate
// alone, to its own databases, which are created and migrated as compose.yaml says, and to no
// others.
func TestLongComposeRuns(t *testing.T) {
	c := newComposed(t)
	secrets := c.container("secrets")
	secrets.run()
	c.copied(filepath.Join(secrets.root, "etc/koppi/secrets"), filepath.Join(c.prepared, "secrets"))
	collector := c.collecting()
	for _, service := range suite.Names() {
		c.container("migrate-" + service).run()
	}
	served := c.container("concern")
	served.start()
	served.end(syscall.SIGTERM)
	if len(collector.Received().Metrics) == 0 {
		t.Error("nothing was told to the collector")
	}

	stolen := c.Services["plan"]
	stolen.Environment["KOPPI_JOURNAL"] = c.Services["concern"].Environment["KOPPI_JOURNAL"]
	thief := c.container("plan")
	if out, err := thief.command.CombinedOutput(); err == nil || !strings.Contains(string(out), `certificate authentication failed for user "koppi_concern"`) {
		t.Errorf("plan's certificate at concern's database: %v: %s", err, out)
	}
}

func newComposed(t *testing.T) *composed {
	t.Helper()
	c := &composed{
		site: &site{}, Project: testkit.Must(compose.Read(t.Context(), testkit.Path("deploy/compose.yaml"))), prepared: testkit.Must(os.MkdirTemp("", "koppi-compose-")), redis: redistest.Start(t),
	}
	t.Cleanup(func() { _ = os.RemoveAll(c.prepared) })
	// PostgreSQL runs as another user, who must get to its certificate.
	if err := os.Chmod(c.prepared, 0o755); err != nil {
		t.Fatal(err)
	}
	c.begin(t, []string{"otel-collector", "concern", "plan"})
	c.hosts += "127.0.0.1 postgres\n"
	for _, name := range []string{"certificates", "secrets", "papers", "paper-keys"} {
		if err := os.Mkdir(filepath.Join(c.prepared, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(testkit.Path("deploy/compose/prepare.sh"), c.prepared).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c.postgres = postgrestest.Start(t, c.settings()...)
	for statement := range strings.SplitSeq(string(testkit.Must(os.ReadFile(testkit.Path("deploy/compose/databases.sql")))), ";\n") {
		if strings.TrimSpace(statement) != "" {
			c.postgres.Exec(statement)
		}
	}
	return c
}

// settings are PostgreSQL's in compose.yaml, with files where they are here; besides, this
// test comes in as the server's owner.
func (c *composed) settings() []string {
	tls := filepath.Join(c.prepared, "certificates/postgres")
	hba := filepath.Join(c.prepared, "certificates/hba.conf")
	if err := os.WriteFile(hba, append([]byte("host all postgres 127.0.0.1/32 trust\n"), testkit.Must(os.ReadFile(testkit.Path("deploy/compose/hba.conf")))...), 0o644); err != nil {
		c.t.Fatal(err)
	}
	if account, err := user.Lookup("postgres"); err == nil && c.confined {
		owner := testkit.Must(strconv.Atoi(account.Uid))
		for _, name := range []string{"tls.key", "tls.crt", "ca.crt", ""} {
			if err := os.Chown(filepath.Join(tls, name), owner, -1); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	all := []string{"fsync=off"}
	for name, value := range postgresSettings(c.Project) {
		value = strings.NewReplacer("/etc/postgresql/tls", tls, "/etc/postgresql/hba.conf", hba).Replace(value)
		all = append(all, fmt.Sprintf("%s='%s'", name, value))
	}
	return all
}

// postgresSettings are those of PostgreSQL in a project.
func postgresSettings(project *types.Project) map[string]string {
	all := map[string]string{}
	for _, argument := range project.Services["postgres"].Command {
		if name, value, found := strings.Cut(argument, "="); found {
			all[name] = value
		}
	}
	return all
}

// forMuchWork are those that have to do with neither files nor TLS.
func forMuchWork(t *testing.T) (all []string) {
	t.Helper()
	for name, value := range postgresSettings(testkit.Must(compose.Read(t.Context(), testkit.Path("deploy/compose.yaml")))) {
		if name != "ssl" && !strings.Contains(value, "/") {
			all = append(all, fmt.Sprintf("%s='%s'", name, value))
		}
	}
	return all
}

// container is a service of compose.yaml as a process of this machine.
func (c *composed) container(name string) *pod {
	c.t.Helper()
	service := c.Services[name]
	account, _, _ := strings.Cut(service.User, ":")
	environment := map[string]string{}
	host := "host=postgres"
	if !c.confined {
		host = "host=127.0.0.1"
	}
	for name, value := range service.Environment {
		environment[name] = strings.NewReplacer("host=postgres", fmt.Sprintf("%s port=%d", host, c.postgres.Port()), "redis://redis:6379", c.redis.URL()).Replace(*value)
		if !c.confined {
			environment[name] = strings.ReplaceAll(environment[name], "verify-full", "verify-ca")
		}
	}
	p := c.site.container(name, uint32(testkit.Must(strconv.Atoi(account))), service.Command, environment)
	for _, volume := range service.Volumes {
		from := volume.Source
		switch {
		case volume.Source == "/dev/null":
			p.write(volume.Target, nil, 0o600)
			continue
		case volume.Type == types.VolumeTypeVolume:
			from = filepath.Join(c.prepared, volume.Source)
			if volume.Volume != nil {
				from = filepath.Join(from, volume.Volume.Subpath)
			}
		}
		c.copied(from, filepath.Join(p.root, volume.Target))
	}
	return p
}

// collecting is the collector of compose.yaml, by the certificate that was prepared for it.
func (c *composed) collecting() *telemetrytest.Collector {
	folder := filepath.Join(c.prepared, "certificates/otel-collector")
	shown := testkit.Must(tls.LoadX509KeyPair(filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")))
	config := &tls.Config{Certificates: []tls.Certificate{shown}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}
	return telemetrytest.StartAt(c.t, tls.NewListener(testkit.Must(net.Listen("tcp", c.addressOf("otel-collector")+":4317")), config))
}

// copied is a folder or a file, with its owners, in another place.
func (c *composed) copied(from, to string) {
	c.t.Helper()
	err := os.MkdirAll(filepath.Dir(to), 0o755)
	if err == nil {
		err = filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			at, info := filepath.Join(to, strings.TrimPrefix(path, from)), testkit.Must(entry.Info())
			if entry.IsDir() {
				err = os.MkdirAll(at, info.Mode().Perm())
			} else {
				err = os.WriteFile(at, testkit.Must(os.ReadFile(path)), info.Mode().Perm())
			}
			if owner := info.Sys().(*syscall.Stat_t); err == nil && c.confined {
				err = os.Lchown(at, int(owner.Uid), int(owner.Gid))
			}
			return err
		})
	}
	if err != nil {
		c.t.Fatal(err)
	}
}
