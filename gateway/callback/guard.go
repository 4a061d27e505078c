package callback

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// Guard decides which addresses may be called. It looks at the address that is
// dialled, behind every name and alias: a directory entry must not lead into the
// suite's own network.
type Guard struct {
	// Loopback may be called: for trying out.
	Loopback bool
	// Allow names private ranges that may be called; X-Road security servers live
	// there.
	Allow []netip.Prefix
}

// sharedRange is that of carrier-grade NAT (RFC 6598), as private as the others.
var sharedRange = netip.MustParsePrefix("100.64.0.0/10")

func (g Guard) allows(address netip.Addr) bool {
	address = address.Unmap()
	switch {
	case slices.ContainsFunc(g.Allow, func(allowed netip.Prefix) bool { return allowed.Contains(address) }):
		return true
	case address.IsLoopback():
		return g.Loopback
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
