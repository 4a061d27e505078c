package porttest

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// A port is given once, can be listened at, and lies where the system gives no ports.
func TestFree(t *testing.T) {
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		var first int
		if _, err := fmt.Sscan(string(text), &first); err != nil || first <= highest {
			t.Errorf("the system gives ports from %d on, and servers that restart have ports up to %d (%v)", first, highest, err)
		}
	}
	seen := map[int]bool{}
	for range 100 {
		port := Free(t)
		if seen[port] || port < lowest || port > highest {
			t.Errorf("port %d; before: %t", port, seen[port])
		}
		seen[port] = true
		listener, err := net.Listen("tcp", Address(port))
		if err != nil {
			t.Fatal(err)
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
