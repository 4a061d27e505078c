package kits

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/pkg/loopback/porttest"
	"koppi.internal/pkg/version"
)

// installed are the packed kits, in a folder outside of this repository.
type installed struct {
	folder, goProgram, secrets string
	environment                []string
	ports                      map[string]string
}

var once struct {
	sync.Mutex
	kits *installed
}

// install installs the kits once for all tests of this folder, from the archives that a gateway serves.
func install(t *testing.T) *installed {
	t.Helper()
	once.Lock()
	defer once.Unlock()
	if once.kits != nil {
		return once.kits
	}
	packed := testkit.Path("gateway/kits/dist/packed")
	if _, err := os.Stat(filepath.Join(packed, "SHA256SUMS")); err != nil {
		t.Fatal("the kits are not packed: make kits")
	}
	folder := testkit.Must(os.MkdirTemp("", "kits-"))
	testkit.AfterTests(func() { _ = os.RemoveAll(folder) })
	k := &installed{folder: folder, goProgram: filepath.Join(folder, "program"), secrets: filepath.Join(folder, "secrets"), ports: map[string]string{}}
	wheel := filepath.Join(packed, fmt.Sprintf("python/koppi_partner-%s-py3-none-any.whl", version.Number))
	k.environment = append(outside(t), "GOMODCACHE="+filepath.Join(folder, "modules"), "PYTHONPATH="+wheel, "GONOSUMDB=koppi.internal")
	// The file with the program in Go, and those that poll, come along.
	if err := os.CopyFS(folder, os.DirFS("testdata/outside")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(k.secrets, []byte(partnertest.OldCallbackSecret+"\n"+partnertest.CallbackSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`
export GOPROXY=file://%[1]s/go,$GOPROXY
go mod init partner.example/conformance
go get koppi.internal/partner@v%[2]s
go mod tidy
go build -o program .
npm init -y >npm.log && npm pkg set type=module
npm install --no-audit --no-fund %[1]s/npm/koppi-partner-%[2]s.tgz >npm.log`, filepath.ToSlash(packed), version.Number)
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	command.Dir, command.Env = folder, k.environment
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	once.kits = k
	return k
}

// node is a program of the kit in TypeScript.
func (k *installed) node(program string) string {
	return filepath.Join(k.folder, "node_modules", ".bin", program)
}

// script is a partner's own program.
func (k *installed) script(name string) string { return filepath.Join(k.folder, name) }

// port is a free port, of one name.
func (k *installed) port(t *testing.T, name string) string {
	t.Helper()
	k.ports[name] = fmt.Sprint(porttest.Free(t))
	return k.ports[name]
}

// run runs a program until stop is called. The program may end by itself.
func (k *installed) run(t *testing.T, arguments []string) (stop func()) {
	t.Helper()
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Dir, command.Env = k.folder, k.environment
	command.Stdout, command.Stderr = leaktest.LogWriter(), leaktest.LogWriter()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return func() { _ = errors.Join(command.Process.Kill(), command.Wait()) }
}

// await waits until a port is listened at.
func await(t *testing.T, port string) {
	t.Helper()
	testkit.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}
