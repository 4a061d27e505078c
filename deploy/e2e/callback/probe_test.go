package callback

import (
	"bufio"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback/probe"
)

// The endpoints of the kits pass all probes.
func TestEndpointsPassProbes(t *testing.T) {
	box, e := partnertest.OpenInbox(t, "kela"), partnertest.NewEndpoint(t)
	defer func() { _ = box.Close() }()
	e.Handle(box.Endpoint(t, partnertest.OldCallbackSecret, partnertest.CallbackSecret).ServeHTTP)
	n := newNodeBox(t)
	defer n.run()()
	for kit, address := range map[string]string{"Go": e.Address, "TypeScript": n.address(), "Python": pythonEndpoint(t)} {
		results, err := probe.Run(t.Context(), probe.Config{URL: testkit.Must(url.Parse(address)), Secret: partnertest.CallbackSecret, Agency: "kela"})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range results {
			if !one.Passed {
				t.Errorf("%s: %+v", kit, one)
			}
		}
	}
}

// pythonEndpoint runs the kit's endpoint in Python until the test ends, and returns its address.
func pythonEndpoint(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	secrets := filepath.Join(folder, "secrets")
	if err := os.WriteFile(secrets, []byte(partnertest.CallbackSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address := testkit.FreeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	command := exec.CommandContext(t.Context(), "python3", "-m", "koppi_partner", "endpoint", port, secrets, filepath.Join(folder, "inbox.jsonl"))
	command.Env, command.Stderr = partnertest.PythonKit(t), os.Stderr
	out := testkit.Must(command.StdoutPipe())
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = command.Process.Kill(), command.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "listening\n" {
		t.Fatalf("the endpoint in Python says %q: %v", line, err)
	}
	return "http://" + address
}
