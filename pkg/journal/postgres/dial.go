package postgres

import (
	"net"
	"time"
)

// newDialer dials with probes, so that a line of which the other end is gone is noticed
// while nothing is said on it, and one on which nothing is answered for so long.
func newDialer(answer time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout:         answer,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
		Control:         boundUnanswered(answer),
	}
}
