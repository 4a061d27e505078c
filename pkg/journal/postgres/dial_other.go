//go:build !linux

package postgres

import (
	"syscall"
	"time"
)

// boundUnanswered does nothing, because this system has no such bound.
func boundUnanswered(time.Duration) func(network, address string, raw syscall.RawConn) error {
	return nil
}
