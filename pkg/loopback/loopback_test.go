package loopback_test

import (
	"testing"

	"koppi.internal/pkg/loopback"
)

// Only loopback addresses count as this machine: not a name that begins like one, and not the
// unspecified address.
func TestIs(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost:8080": true, "127.0.0.1": true, "127.9.9.9:1": true, "::1": true, "[::1]": true, "[::1]:8080": true,
		"": false, "0.0.0.0": false, "0.0.0.0:80": false, "[::]:80": false, "10.0.0.1": false, "localhost.evil.example": false,
		"127.0.0.1.evil.example:80": false, "evil.example": false, "127.0.0.1@evil.example": false,
	} {
		if loopback.Is(host) != want {
			t.Errorf("%q: %t", host, !want)
		}
	}
}
