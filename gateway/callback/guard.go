package callback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Guard decides which addresses may be called. It checks the address that is dialled, after names
// and aliases are resolved, so that a directory entry cannot lead into the suite's own network.
type Guard struct {
	// Trial allows http and loopback addresses.
	Trial bool
	// Allow lists private ranges that may be called, such as those of X-Road security servers.
	Allow []netip.Prefix
}

// Check refuses an endpoint that the gateway would not call: one with http, or with an address that
// may not be called. It does not resolve names, since a name may resolve to other addresses when it
// is called; the guard checks them then.
func (g Guard) Check(endpoint *url.URL) error {
	if endpoint.Scheme == "http" && !g.Trial {
		return errors.New("http is for trying out; name an https address")
	}
	host := strings.ToLower(strings.TrimSuffix(endpoint.Hostname(), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		host = "127.0.0.1" // whatever a resolver says (RFC 6761 § 6.3)
	}
	if at, err := netip.ParseAddr(host); err == nil && !g.allows(at) {
		return fmt.Errorf("%s may not be called: it is not a public address; where an X-Road security server is there, name its range with --callback-allow-cidrs", endpoint.Hostname())
	}
	return nil
}

// sharedRange is the range of carrier-grade NAT (RFC 6598), which is as private as the others.
var sharedRange = netip.MustParsePrefix("100.64.0.0/10")

// neverPublic are ranges that hold no public endpoint: former site-local addresses (RFC 3879),
// local-use translation (RFC 8215), Teredo (RFC 4380) and documentation.
var neverPublic = []netip.Prefix{
	netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("2001:db8::/32"),
}

// standsFor are the ranges whose addresses embed an IPv4 address, with the byte at which it begins:
// translation (RFC 6052), 6to4 (RFC 3056) and IPv4-compatible addresses (RFC 4291 § 2.5.5.1).
var standsFor = map[netip.Prefix]int{
	netip.MustParsePrefix("64:ff9b::/96"): 12, netip.MustParsePrefix("2002::/16"): 2, netip.MustParsePrefix("::/96"): 12,
}

// meant is the address that a packet actually reaches: the embedded IPv4 address, where there is
// one.
func meant(address netip.Addr) netip.Addr {
	address = address.Unmap()
	for prefix, at := range standsFor {
		if prefix.Contains(address) && !address.IsLoopback() {
			of := address.As16()
			return netip.AddrFrom4([4]byte(of[at : at+4]))
		}
	}
	return address
}

func (g Guard) allows(address netip.Addr) bool {
	address = meant(address)
	switch {
	case slices.ContainsFunc(neverPublic, func(never netip.Prefix) bool { return never.Contains(address) }):
		return false
	case slices.ContainsFunc(g.Allow, func(allowed netip.Prefix) bool { return allowed.Contains(address) }):
		return true
	case address.IsLoopback():
		return g.Trial
	}
	return address.IsGlobalUnicast() && !address.IsPrivate() && !sharedRange.Contains(address)
}

const dialTime = 10 * time.Second

// dial connects to an address if the guard allows it. It takes at most dialTime.
func (g Guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTime, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !g.allows(at.Addr()) {
			return fmt.Errorf("callback: the address %s may not be called", address)
		}
		return nil
	}}
	return dialer.DialContext(ctx, network, address)
}
