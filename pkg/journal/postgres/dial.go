package postgres

import (
	"net"
	"time"
)

// newDialer returns a dialer with keepalive probes, so that a dead connection is noticed while it
// is idle. It also ends a connection on which data stays unacknowledged for as long as answer.
func newDialer(answer time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout:         answer,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
		Control:         boundUnanswered(answer),
	}
}
