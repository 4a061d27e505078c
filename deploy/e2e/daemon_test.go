package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// built are programs of ours, each built once for all tests.
var built = struct {
	sync.Mutex
	folder string
	paths  map[string]string
}{paths: map[string]string{}}

func TestMain(m *testing.M) {
	http.DefaultClient = &http.Client{Transport: left}
	code := m.Run()
	if !left.ended() && code == 0 {
		code = 1
	}
	if built.folder != "" {
		_ = os.RemoveAll(built.folder)
	}
	os.Exit(code)
}

// program builds a command of ours.
func program(t *testing.T, command string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if path := built.paths[command]; path != "" {
		return path
	}
	if built.folder == "" {
		folder, err := os.MkdirTemp("", "koppi-programs-")
		if err != nil {
			t.Fatal(err)
		}
		built.folder = folder
	}
	path := filepath.Join(built.folder, filepath.Base(command))
	if out, err := exec.Command("go", "build", "-o", path, command).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	built.paths[command] = path
	return path
}

// The programs.
const (
	koppiProgram   = "koppi.internal/deploy/cmd/koppi"
	gatewayProgram = "koppi.internal/gateway/cmd/gateway"
)

// serviceProgram is a service's.
func serviceProgram(name string) string {
	return "koppi.internal/services/" + name + "/cmd/" + name
}

// daemon is a program in a process of its own, that can be killed and started again
// at the same address.
type daemon struct {
	t    *testing.T
	path string
	args []string
	// env are further variables of its environment, as "NAME=value".
	env     []string
	address string
	command *exec.Cmd
	logged  chan struct{}
	log     bytes.Buffer
}

func newDaemon(t *testing.T, command string, args ...string) *daemon {
	t.Helper()
	return newDaemonAt(t, program(t, command), args...)
}

func newDaemonAt(t *testing.T, path string, args ...string) *daemon {
	t.Helper()
	d := &daemon{t: t, path: path, args: args, address: "127.0.0.1:0"}
	t.Cleanup(func() {
		if d.command != nil {
			d.end(syscall.SIGKILL)
		}
		d.inForm()
		if t.Failed() {
			t.Logf("%s: %s", filepath.Base(d.path), tail(d.log.Bytes()))
		}
	})
	return d
}

// inForm tells that all which the process wrote is lines of JSON, whichever library wrote it.
// The programs of the version before are what they are.
func (d *daemon) inForm() {
	built.Lock()
	ours := strings.HasPrefix(d.path, built.folder)
	built.Unlock()
	for line := range bytes.Lines(d.log.Bytes()) {
		if ours && !json.Valid(line) {
			d.t.Errorf("%s writes outside its log's form: %s", filepath.Base(d.path), line)
			return
		}
	}
}

func tail(log []byte) []byte { return log[max(0, len(log)-2000):] }

// start returns once the process serves.
func (d *daemon) start() {
	d.t.Helper()
	d.command = exec.Command(d.path, append(append([]string{}, d.args...), "--listen", d.address)...)
	d.command.Env = append(os.Environ(), d.env...)
	out, err := d.command.StderrPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.command.Start(); err != nil {
		d.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		left.note(leftLog, string(line))
		if err != nil {
			d.t.Fatalf("%s does not start: %s", filepath.Base(d.path), line)
		}
		var up struct{ Msg, Address string }
		if json.Unmarshal(line, &up) == nil && up.Msg == "koppi is up" {
			d.address = trimScheme(up.Address)
			break
		}
	}
	d.logged = make(chan struct{})
	go func() {
		defer close(d.logged)
		_, _ = io.Copy(io.MultiWriter(&d.log, left.log()), lines)
	}()
}

// end ends the process by a signal and returns once it is gone.
func (d *daemon) end(signal syscall.Signal) {
	_ = d.command.Process.Signal(signal)
	<-d.logged
	_ = d.command.Wait()
	d.command = nil
}

// runs runs a program of ours to its end.
func runs(t *testing.T, command string, args ...string) string {
	t.Helper()
	return runsAt(t, program(t, command), args...)
}

func runsAt(t *testing.T, path string, args ...string) string {
	t.Helper()
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatal(fmt.Sprint(args), err, string(out))
	}
	return string(out)
}
