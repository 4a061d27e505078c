package serve

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// idleLimit is how long a connection may stay open without a call. It is longer than the limits of common
// proxies (1 min for nginx, HAProxy and AWS's load balancers, 10 min for Google's). So the proxy closes first
// and never sends a call into a connection that the server is closing.
const idleLimit = 11 * time.Minute

// idle closes connections without a call. The timer of net/http would keep everything that an HTTP/2
// connection held until it fires, even after the connection has ended, if it ended with open streams. Callers
// that break thousands of connections would exhaust the memory.
type idle struct {
	limit time.Duration

	mu     sync.Mutex
	timers map[net.Conn]*time.Timer
}

// follow is the server's ConnState callback.
func (i *idle) follow(conn net.Conn, state http.ConnState) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if timer, known := i.timers[conn]; known {
		timer.Stop()
		delete(i.timers, conn)
	}
	if state == http.StateIdle {
		if i.timers == nil {
			i.timers = map[net.Conn]*time.Timer{}
		}
		var timer *time.Timer
		timer = time.AfterFunc(i.limit, func() { i.end(conn, timer) })
		i.timers[conn] = timer
	}
}

// end closes a connection, unless a call began just as its timer fired.
func (i *idle) end(conn net.Conn, timer *time.Timer) {
	i.mu.Lock()
	isCurrent := i.timers[conn] == timer
	if isCurrent {
		delete(i.timers, conn)
	}
	i.mu.Unlock()
	if isCurrent {
		_ = conn.Close()
	}
}
