// Package porttest chooses ports for the servers that tests start as processes of their own, and that
// must find the same port again after a stop.
package porttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// The ports lie below those that the system gives to connections and to listeners on port 0 (Linux from
// 32768, macOS from 49152), so that no other test receives the port of a server that is stopped.
const (
	lowest  = 20000
	highest = 32767
)

var given sync.Map // the ports that Free has returned

// Free returns a port of 127.0.0.1 at which nothing listens, and never the same port twice in a process.
func Free(tb testing.TB) int {
	tb.Helper()
	for range 1000 {
		port := lowest + rand.IntN(highest-lowest+1) //nolint:gosec // no secret: any port serves
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		if listener, err := net.Listen("tcp", Address(port)); err == nil {
			_ = listener.Close()
			return port
		}
	}
	tb.Fatalf("no port from %d to %d is free", lowest, highest)
	return 0
}

// Address returns a port's address, host:port.
func Address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
