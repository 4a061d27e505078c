package callback

import (
	"net"
	"net/netip"
	"testing"
)

func TestGuard(t *testing.T) {
	security := Guard{Allow: []netip.Prefix{netip.MustParsePrefix("10.7.0.0/16"), netip.MustParsePrefix("fd00:7::/32")}}
	for _, test := range []struct {
		guard   Guard
		address string
		want    bool
	}{
		{Guard{}, "193.209.1.1", true},
		{Guard{}, "2a00:1450::1", true},
		{Guard{}, "127.0.0.1", false},
		{Guard{}, "::1", false},
		{Guard{}, "::ffff:127.0.0.1", false},
		{Guard{}, "10.7.0.1", false},
		{Guard{}, "192.168.1.1", false},
		{Guard{}, "100.64.0.1", false},
		{Guard{}, "169.254.169.254", false},
		{Guard{}, "fe80::1", false},
		{Guard{}, "fd00:7::1", false},
		{Guard{}, "0.0.0.0", false},
		{Guard{}, "::", false},
		{Guard{}, "224.0.0.1", false},
		{Guard{}, "255.255.255.255", false},
		{Guard{}, "64:ff9b::a9fe:a9fe", false},
		{Guard{}, "64:ff9b::808:808", true},
		{Guard{}, "64:ff9b:1::808:808", false},
		{Guard{}, "2002:a00:1::", false},
		{Guard{}, "2002:808:808::1", true},
		{Guard{}, "::7f00:1", false},
		{Guard{}, "fec0::1", false},
		{security, "64:ff9b::a07:1", true},
		{security, "64:ff9b::a08:1", false},
		{security, "10.7.255.1", true},
		{security, "::ffff:10.7.0.1", true},
		{security, "fd00:7::1", true},
		{security, "10.8.0.1", false},
		{security, "127.0.0.1", false},
		{Guard{Loopback: true}, "127.0.0.1", true},
		{Guard{Loopback: true}, "10.7.0.1", false},
	} {
		if got := test.guard.allows(netip.MustParseAddr(test.address)); got != test.want {
			t.Errorf("%+v %s: %v", test.guard, test.address, got)
		}
	}
}

// The address is looked at when it is dialled, behind the name.
func TestGuardDials(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if conn, err := (Guard{}).dial(t.Context(), "tcp", net.JoinHostPort("localhost", port)); err == nil {
		_ = conn.Close()
		t.Error("a name led to loopback")
	}
	conn, err := Guard{Loopback: true}.dial(t.Context(), "tcp", net.JoinHostPort("localhost", port))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
