package postgrestest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"koppi.internal/pkg/loopback/porttest"
)

// NewPgBouncer starts a PgBouncer in front of a server, in a pool mode such as "session", for the
// named roles, and returns a proxy to it.
func NewPgBouncer(tb testing.TB, server *Server, mode string, roles ...string) *Proxy {
	tb.Helper()
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		if path = "/usr/sbin/pgbouncer"; !executable(path) {
			tb.Fatal("PgBouncer is missing: apt-get install pgbouncer")
		}
	}
	folder, port := filepath.Join(server.Folder(), "pgbouncer-"+mode), porttest.Free(tb)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		tb.Fatal(err)
	}
	var users strings.Builder
	for _, role := range roles {
		fmt.Fprintf(&users, "%q \"\"\n", role)
	}
	settings := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s/users
pool_mode = %s
`, server.Port(), port, folder, mode)
	for name, text := range map[string]string{"users": users.String(), "pgbouncer.ini": settings} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	command := exec.Command(path, filepath.Join(folder, "pgbouncer.ini")) //nolint:gosec // a test's own
	if server.account != nil {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: server.account}
		for _, name := range []string{"", "users", "pgbouncer.ini"} {
			if err := os.Chown(filepath.Join(folder, name), int(server.account.Uid), int(server.account.Gid)); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _, _ = command.Process.Kill(), command.Wait() })
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { //nolint:forbidigo // a server tells nobody when it is ready: it is asked
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
			return &Proxy{port: port}
		}
		if time.Now().After(deadline) { //nolint:forbidigo // a server tells nobody when it is ready: it is asked
			tb.Fatal(err)
		}
	}
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0
}
