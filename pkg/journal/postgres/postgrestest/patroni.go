package postgrestest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/loopback/porttest"
)

// Managed is two servers that Patroni manages with etcd, configured as in keeping.md: one is the
// primary, and the other its standby, without which the primary commits nothing.
type Managed struct {
	tb    testing.TB
	nodes [2]*node
}

// node is a server with its own Patroni.
type node struct {
	*Server
	api, config string
	patroni     *exec.Cmd
}

// managedTime is how long Patroni may take for a change. Patroni considers a silent primary alive
// for 20 seconds, the shortest time that it can be set to.
const managedTime = 2 * time.Minute

// StartManaged starts both servers, and returns when the primary has its standby.
func StartManaged(tb testing.TB) *Managed {
	tb.Helper()
	for _, name := range []string{"patroni", "etcd"} {
		if _, err := exec.LookPath(name); err != nil {
			tb.Fatal(name, " is missing: apt-get install patroni etcd-server")
		}
	}
	folder, err := os.MkdirTemp("", "koppi-managed-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(folder) })
	owner := &Server{tb: tb, bin: binaries(tb)}
	if os.Getuid() == 0 {
		owner.account = postgresAccount(tb)
		if err := os.Chown(folder, int(owner.account.Uid), int(owner.account.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	client, peer := porttest.Free(tb), porttest.Free(tb)
	etcd := exec.Command("etcd", "--data-dir", filepath.Join(folder, "etcd"), "--unsafe-no-fsync", //nolint:gosec // a test's own
		"--listen-client-urls", fmt.Sprintf("http://127.0.0.1:%d", client), "--advertise-client-urls", fmt.Sprintf("http://127.0.0.1:%d", client),
		"--listen-peer-urls", fmt.Sprintf("http://127.0.0.1:%d", peer), "--initial-advertise-peer-urls", fmt.Sprintf("http://127.0.0.1:%d", peer),
		"--initial-cluster", fmt.Sprintf("default=http://127.0.0.1:%d", peer))
	owner.begin(etcd, filepath.Join(folder, "etcd.log"))
	tb.Cleanup(func() { _, _ = etcd.Process.Kill(), etcd.Wait() })
	m := &Managed{tb: tb}
	for i := range m.nodes {
		name := fmt.Sprintf("node%d", i)
		n := &node{Server: &Server{tb: tb, bin: owner.bin, account: owner.account, port: porttest.Free(tb), data: filepath.Join(folder, name)}}
		n.api, n.config = fmt.Sprintf("127.0.0.1:%d", porttest.Free(tb)), filepath.Join(folder, name+".yml")
		if err := os.WriteFile(n.config, []byte(n.settings(name, client)), 0o644); err != nil { //nolint:gosec // it holds no secret, and another account reads it
			tb.Fatal(err)
		}
		m.nodes[i] = n
		n.manage()
		tb.Cleanup(n.lose)
	}
	m.Whole()
	return m
}

// settings returns Patroni's configuration, as in keeping.md, with the shortest times that Patroni
// accepts.
func (n *node) settings(name string, etcd int) string {
	return fmt.Sprintf(`scope: koppi
name: %s
restapi: {listen: '%s', connect_address: '%s'}
etcd3: {host: '127.0.0.1:%d'}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 1
    retry_timeout: 3
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql: {use_pg_rewind: true, parameters: {max_connections: 200, wal_log_hints: 'on'}}
  initdb: [{encoding: UTF8}, {locale: C.UTF-8}]
postgresql:
  listen: 127.0.0.1:%d
  connect_address: 127.0.0.1:%d
  data_dir: %s
  bin_dir: %s
  pgpass: %s.pgpass
  authentication: {superuser: {username: postgres, password: trusted}, replication: {username: replicator, password: trusted}}
  pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust', 'local all all trust']
  parameters: {unix_socket_directories: %s}
`, name, n.api, n.api, etcd, n.port, n.port, n.data, n.bin, n.data, filepath.Dir(n.data))
}

// begin starts a program under the server's account; its output goes to a file.
func (s *Server) begin(command *exec.Cmd, log string) {
	s.tb.Helper()
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // a test's own
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	command.Dir, command.Stdout, command.Stderr = "/", out, out
	if s.account != nil {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	}
	if err := command.Start(); err != nil {
		s.tb.Fatal(err)
	}
}

// manage starts the node's Patroni, which starts the server.
func (n *node) manage() {
	n.tb.Helper()
	n.patroni = exec.Command("patroni", n.config) //nolint:gosec // a test's own
	n.begin(n.patroni, n.data+".patroni.log")
}

// lose ends the node as the loss of its machine would: Patroni gets no time to release its lease.
func (n *node) lose() {
	if n.patroni != nil {
		_, _ = n.patroni.Process.Kill(), n.patroni.Wait()
		n.patroni = nil
	}
	n.Down("immediate")
}

// leads asks the node's Patroni whether it is the primary.
func (n *node) leads() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.api+"/primary", http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// roles returns the primary and the other node; both are nil while there is no primary.
func (m *Managed) roles() (primary, other *node) {
	for i, n := range m.nodes {
		if n.patroni != nil && n.leads() {
			return n, m.nodes[1-i]
		}
	}
	return nil, nil
}

// until polls until there is a primary for which is returns true.
func (m *Managed) until(what string, is func(primary *node) bool) *node {
	m.tb.Helper()
	for deadline := time.Now().Add(managedTime); ; time.Sleep(100 * time.Millisecond) { //nolint:forbidigo // a manager tells nobody what it has done: it is asked
		if primary, _ := m.roles(); primary != nil && is(primary) {
			return primary
		}
		if time.Now().After(deadline) { //nolint:forbidigo // likewise
			for _, n := range m.nodes {
				log, _ := os.ReadFile(n.data + ".patroni.log")
				m.tb.Logf("%s: %s", n.config, log[max(0, len(log)-3000):])
			}
			m.tb.Fatalf("Patroni did not reach the state: %s", what)
		}
	}
}

// Whole returns the primary when its commits wait for a connected standby.
func (m *Managed) Whole() *Server {
	m.tb.Helper()
	whole := m.until("a primary with a synchronous standby", func(primary *node) bool { return primary.whole() })
	return whole.Server
}

// Servers returns both servers, whichever is the primary.
func (m *Managed) Servers() (one, other *Server) { return m.nodes[0].Server, m.nodes[1].Server }

// LosePrimary ends the primary as the loss of its machine would, and returns when Patroni has made
// the other server the primary. giveBack starts the lost machine again.
func (m *Managed) LosePrimary() (giveBack func()) {
	m.tb.Helper()
	lost, other := m.roles()
	if lost == nil {
		m.tb.Fatal("there is no primary")
	}
	lost.lose()
	m.until("the standby takes over", func(primary *node) bool { return primary == other })
	return lost.manage
}

// whole tells whether commits wait for a connected standby.
func (n *node) whole() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, n.DSN("postgres", "postgres", "public"))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(ctx) }()
	var is bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')`).Scan(&is)
	return err == nil && is
}
