package postgres

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// boundUnanswered returns a dialer's control function that ends a connection on which sent data is
// not acknowledged within the given time.
func boundUnanswered(in time.Duration) func(network, address string, raw syscall.RawConn) error {
	return func(network, _ string, raw syscall.RawConn) (err error) {
		if network == "unix" {
			return nil
		}
		refused := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(in.Milliseconds()))
		})
		if refused != nil {
			return refused
		}
		return err
	}
}
