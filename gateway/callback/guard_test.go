package callback

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/lease"
)

// The guard allows public addresses and the configured ranges, and no others.
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
		{Guard{Trial: true}, "127.0.0.1", true},
		{Guard{Trial: true}, "10.7.0.1", false},
	} {
		if got := test.guard.allows(netip.MustParseAddr(test.address)); got != test.want {
			t.Errorf("%+v %s: %v", test.guard, test.address, got)
		}
	}
}

// The guard checks the address that is dialled, after the name is resolved.
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
	conn, err := Guard{Trial: true}.dial(t.Context(), "tcp", net.JoinHostPort("localhost", port))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

// An endpoint whose URL alone shows that it may not be called is refused before it is called.
func TestGuardChecks(t *testing.T) {
	security := Guard{Allow: []netip.Prefix{netip.MustParsePrefix("10.7.0.0/16")}}
	const private = "may not be called: it is not a public address"
	for _, test := range []struct {
		guard     Guard
		url, want string
	}{
		{Guard{}, "https://partner.example.fi/koppi", ""},
		{Guard{}, "https://193.209.1.1:8443", ""},
		{Guard{}, "http://partner.example.fi", "http is for trying out"},
		{security, "http://10.7.0.1", "http is for trying out"},
		{Guard{}, "https://10.7.0.1", private},
		{security, "https://10.7.0.1", ""},
		{security, "https://10.8.0.1", private},
		{Guard{}, "https://[64:ff9b::a9fe:a9fe]", private},
		{Guard{}, "https://[fe80::1%25eth0]", private},
		{Guard{}, "https://127.0.0.1:8443", private},
		{Guard{}, "https://localhost", private},
		{Guard{}, "https://a.LOCALHOST.", private},
		{Guard{Trial: true}, "http://localhost:8080", ""},
		{Guard{Trial: true}, "http://127.0.0.1:8080", ""},
		{Guard{Trial: true}, "http://10.7.0.1", private},
	} {
		at, err := url.Parse(test.url)
		if err != nil {
			t.Fatal(err)
		}
		if err := test.guard.Check(at); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v %s: %v, want %q", test.guard, test.url, err, test.want)
		}
	}
}

// A gateway with an endpoint that may not be called does not start.
func TestRefusedEndpointsDoNotStart(t *testing.T) {
	for endpoint, want := range map[string]string{"http://partner.example.fi": "http is for trying out", "https://10.7.0.1": "10.7.0.1 may not be called"} {
		agencies, err := directory.Parse([]byte(`{"agencies": [{"agency": "kela", "kind": "BENEFITS", "names": {"fi": "a", "sv": "b", "en": "c"}, "noConsentProfile": "MINIMAL",
			"units": [{"unit": "u", "names": {"fi": "a", "sv": "b", "en": "c"}, "languages": ["fi"]}], "callback": {"protocol": "CONNECT", "url": "` + endpoint + `"}}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{Directory: agencies, Leases: lease.Alone{}}); err == nil || !strings.Contains(err.Error(), "callback of kela: "+want) {
			t.Errorf("%s: %v, want %q", endpoint, err, want)
		}
	}
}
