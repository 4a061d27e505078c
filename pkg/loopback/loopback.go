// Package loopback recognises addresses of this machine, where trials and unencrypted connections are
// allowed.
package loopback

import (
	"net"
	"strings"
)

// Is reports whether a host, with or without a port, is this machine.
func Is(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}
