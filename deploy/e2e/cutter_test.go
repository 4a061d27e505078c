package e2e

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// cutter stands between a client and Koppi and cuts the line: each after as many
// bytes, in whichever direction, as it is given.
type cutter struct {
	address string
	target  string
	// after says how many bytes a new line carries; negative is any number.
	after func() int64
	// down refuses new lines.
	down atomic.Bool
	cuts atomic.Int64

	mu    sync.Mutex
	lines map[net.Conn]net.Conn
}

func cut(t *testing.T, target string, after func() int64) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{
		address: "http://" + listener.Addr().String(), target: trimScheme(target), after: after, lines: map[net.Conn]net.Conn{},
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { c.carry(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		c.cutAll()
		running.Wait()
	})
	return c
}

// carry passes a line on until either side ends it or its bytes are used up.
func (c *cutter) carry(from net.Conn) {
	defer func() { _ = from.Close() }()
	if c.down.Load() {
		return
	}
	to, err := net.Dial("tcp", c.target)
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	c.mu.Lock()
	c.lines[from] = to
	c.mu.Unlock()
	left := &atomic.Int64{}
	limit := c.after()
	left.Store(limit)
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
				if limit >= 0 && left.Add(-int64(n)) < 0 {
					// A part of what was read still goes through: a cut within a frame.
					_, _ = way[1].Write(buffer[:n/2])
					if !ended.Swap(true) {
						c.cuts.Add(1)
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
	c.mu.Lock()
	delete(c.lines, from)
	c.mu.Unlock()
}

// cutAll cuts every line at once.
func (c *cutter) cutAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for from, to := range c.lines {
		_, _ = from.Close(), to.Close()
	}
}

func trimScheme(address string) string { return strings.TrimPrefix(address, "http://") }
