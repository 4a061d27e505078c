package clustertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
)

// Process is a program in a process of its own, which can be ended and started again at the same
// address.
type Process struct {
	// Path is that of the program. A test may replace it by another version while no process runs.
	Path string
	Args []string
	// Env are further environment variables, as "NAME=value".
	Env []string
	// Address is where it listens, without scheme; known after Start.
	Address string
	// Log is what it has logged since it was up; complete after End.
	Log bytes.Buffer
	// DropLog keeps nothing in Log, for a process that logs too much.
	DropLog bool

	t       testing.TB
	command *exec.Cmd
	logged  chan struct{}
}

// NewProcess prepares a process of a command. The end of the test kills it.
func NewProcess(t testing.TB, command string, args ...string) *Process {
	t.Helper()
	return NewProcessOf(t, Build(t, command), args...)
}

// NewProcessOf is NewProcess for a program that is built already.
func NewProcessOf(t testing.TB, path string, args ...string) *Process {
	t.Helper()
	p := &Process{t: t, Path: path, Args: args, Address: "127.0.0.1:0"}
	t.Cleanup(func() {
		if p.Running() {
			p.End(syscall.SIGKILL)
		}
		p.checkLog()
		if t.Failed() {
			t.Logf("%s: %s", filepath.Base(p.Path), Tail(p.Log.Bytes()))
		}
	})
	return p
}

// checkLog fails the test if a line of the log is not JSON, whichever library wrote it. Earlier
// versions are not checked.
func (p *Process) checkLog() {
	if !isBuilt(p.Path) {
		return
	}
	for line := range bytes.Lines(p.Log.Bytes()) {
		if !json.Valid(line) {
			p.t.Errorf("%s logs a line that is not JSON: %s", filepath.Base(p.Path), line)
			return
		}
	}
}

// Tail returns the last 2,000 bytes of a log.
func Tail(log []byte) []byte { return log[max(0, len(log)-2000):] }

// Running tells whether the process was started and not ended.
func (p *Process) Running() bool { return p.command != nil }

// Start starts the process and returns when it serves.
func (p *Process) Start() {
	p.t.Helper()
	p.command = exec.Command(p.Path, append(append([]string{}, p.Args...), "--listen", p.Address)...) //nolint:gosec // a test's own
	p.command.Env = append(os.Environ(), p.Env...)
	out, err := p.command.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		leaktest.Note(leaktest.Log, string(line))
		if err != nil {
			p.t.Fatalf("%s does not start: %s", filepath.Base(p.Path), line)
		}
		if up := UpAt(line); up != "" {
			p.Address = testkit.TrimScheme(up)
			break
		}
	}
	log := io.MultiWriter(&p.Log, leaktest.LogWriter())
	if p.DropLog {
		log = io.Discard
	}
	p.logged = make(chan struct{})
	go func() {
		defer close(p.logged)
		_, _ = io.Copy(log, lines)
	}()
}

// UpAt returns the address in the line of a log which says that a process serves; "" in another line.
func UpAt(line []byte) string {
	var up struct{ Msg, Address string }
	if json.Unmarshal(line, &up) != nil || up.Msg != "koppi is up" {
		return ""
	}
	return up.Address
}

// End ends the process by a signal and returns when it has ended.
func (p *Process) End(signal syscall.Signal) {
	p.Signal(signal)
	<-p.logged
	_ = p.command.Wait()
	p.command = nil
}

// Signal sends a signal to the process.
func (p *Process) Signal(signal syscall.Signal) { _ = p.command.Process.Signal(signal) }

// Restart ends the process in order and starts it again.
func (p *Process) Restart() {
	p.t.Helper()
	p.End(syscall.SIGTERM)
	p.Start()
}

// PeakMemory returns the most memory that the process has held, in bytes.
func (p *Process) PeakMemory() int64 { return p.status("VmHWM:") << 10 }

// Memory returns the memory that the process holds, in bytes.
func (p *Process) Memory() int64 { return p.status("VmRSS:") << 10 }

// OpenFiles returns how many files and connections the process has open.
func (p *Process) OpenFiles() int {
	return len(testkit.Must(os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.command.Process.Pid))))
}

// CPU returns how long the process has used processors.
func (p *Process) CPU() time.Duration {
	text := string(testkit.Must(os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))))
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	ticks := testkit.Must(strconv.Atoi(fields[11])) + testkit.Must(strconv.Atoi(fields[12]))
	return time.Duration(ticks) * 10 * time.Millisecond
}

// status returns a figure of /proc/<pid>/status.
func (p *Process) status(name string) int64 {
	text := string(testkit.Must(os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))))
	_, rest, _ := strings.Cut(text, name)
	return testkit.Must(strconv.ParseInt(strings.Fields(rest)[0], 10, 64))
}
