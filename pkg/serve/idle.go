package serve

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// idleLimit is how long a connection may stand without a call. It is longer than the usual
// proxies keep theirs (nginx, HAProxy and AWS's balancers a minute, Google's ten): a proxy
// that is the first to close never sends a call into a connection that closes meanwhile.
const idleLimit = 11 * time.Minute

// idle closes connections that stand without a call. net/http's own timer would keep all
// that an HTTP/2 connection held until it fires, also after the connection's end, where
// that came with streams open: callers that break thousands of them would fill the memory.
type idle struct {
	limit time.Duration

	mu     sync.Mutex
	timers map[net.Conn]*time.Timer
}

// follow is a server's ConnState.
func (i *idle) follow(conn net.Conn, state http.ConnState) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if timer, stands := i.timers[conn]; stands {
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

// end closes a connection, unless a call began as its timer fired.
func (i *idle) end(conn net.Conn, timer *time.Timer) {
	i.mu.Lock()
	stands := i.timers[conn] == timer
	if stands {
		delete(i.timers, conn)
	}
	i.mu.Unlock()
	if stands {
		_ = conn.Close()
	}
}
