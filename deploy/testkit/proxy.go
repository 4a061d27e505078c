package testkit

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy is a TCP proxy between a client and Koppi that cuts connections.
type Proxy struct {
	// Address begins with http://.
	Address string
	// Down refuses new connections.
	Down atomic.Bool
	// Cuts counts the connections that were cut because their bytes were used up.
	Cuts atomic.Int64

	target string
	limit  func() int64
	mu     sync.Mutex
	open   map[net.Conn]net.Conn
}

// NewProxy starts a proxy to an address until the test ends. Each new connection carries as many
// bytes, in both directions together, as limit says, and is then cut, also within a frame. A negative
// limit is none.
func NewProxy(t testing.TB, target string, limit func() int64) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		Address: "http://" + listener.Addr().String(), target: TrimScheme(target), limit: limit, open: map[net.Conn]net.Conn{},
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.carry(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.CutAll()
		running.Wait()
	})
	return p
}

// carry copies between both ends until either ends the connection or its bytes are used up.
func (p *Proxy) carry(from net.Conn) {
	defer func() { _ = from.Close() }()
	if p.Down.Load() {
		return
	}
	to, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	p.mu.Lock()
	p.open[from] = to
	p.mu.Unlock()
	rest := &atomic.Int64{}
	limit := p.limit()
	rest.Store(limit)
	var ended atomic.Bool
	end := func() {
		_, _ = from.Close(), to.Close()
	}
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		both.Go(func() {
			defer end()
			buffer := make([]byte, 4096)
			for {
				n, err := way[0].Read(buffer)
				if limit >= 0 && rest.Add(-int64(n)) < 0 {
					// Half of what was read still goes through: a cut within a frame.
					_, _ = way[1].Write(buffer[:n/2])
					if !ended.Swap(true) {
						p.Cuts.Add(1)
					}
					return
				}
				if _, failed := way[1].Write(buffer[:n]); failed != nil || err != nil {
					return
				}
			}
		})
	}
	both.Wait()
	p.mu.Lock()
	delete(p.open, from)
	p.mu.Unlock()
}

// CutAll cuts every open connection.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for from, to := range p.open {
		_, _ = from.Close(), to.Close()
	}
}
