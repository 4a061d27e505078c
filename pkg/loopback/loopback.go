// Package loopback tells what stays on this machine, where things for trying out and in
// the clear are admitted.
package loopback

import (
	"net"
	"strings"
)

// Is tells whether a host, with or without a port, names this machine.
func Is(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}
