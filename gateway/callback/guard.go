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

// Guard decides which addresses may be called. It looks at the address that is
// dialled, behind every name and alias: a directory entry must not lead into the
// suite's own network.
type Guard struct {
	// Trial allows http and loopback.
	Trial bool
	// Allow names private ranges that may be called; X-Road security servers live
	// there.
	Allow []netip.Prefix
}

// Check refuses an endpoint that the gateway would not call: http, or an address that may not be
// called. A name's addresses are not looked up, since they may be others when it is called; the
// guard looks at them then.
func (g Guard) Check(endpoint *url.URL) error {
	if endpoint.Scheme == "http" && !g.Trial {
		return errors.New("http is for trying out; name an https address")
	}
	host := strings.ToLower(strings.TrimSuffix(endpoint.Hostname(), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		host = "127.0.0.1" // wherever it is looked up (RFC 6761 § 6.3)
	}
	if at, err := netip.ParseAddr(host); err == nil && !g.allows(at) {
		return fmt.Errorf("%s may not be called: it is not a public address; where an X-Road security server is there, name its range with --callback-allow-cidrs", endpoint.Hostname())
	}
	return nil
}

// sharedRange is that of carrier-grade NAT (RFC 6598), as private as the others.
var sharedRange = netip.MustParsePrefix("100.64.0.0/10")

// Ranges that no public endpoint is in: site-local addresses of before (RFC 3879), local
// translation (RFC 8215), Teredo (RFC 4380) and documentation.
var neverPublic = []netip.Prefix{
	netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("2001:db8::/32"),
}

// Ranges whose addresses stand for an IPv4 address, with the byte at which it begins:
// translation (RFC 6052), 6to4 (RFC 3056) and IPv4-compatible addresses (RFC 4291 § 2.5.5.1).
var standsFor = map[netip.Prefix]int{
	netip.MustParsePrefix("64:ff9b::/96"): 12, netip.MustParsePrefix("2002::/16"): 2, netip.MustParsePrefix("::/96"): 12,
}

// meant is the address that a packet to an address gets to.
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

// dial connects where the guard allows it.
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
