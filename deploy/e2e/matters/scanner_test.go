package matters

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// infected is what the scanner below takes for malware.
var infected = []byte("not-a-virus-but-found-as-one")

// scanner answers as a ClamAV daemon does: it stands in for one to inject verdicts.
type scanner struct {
	address  string
	listener net.Listener
	running  sync.WaitGroup
}

func newScanner(t *testing.T) *scanner {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scanner{address: listener.Addr().String(), listener: listener}
	s.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.running.Go(func() { scan(conn) })
		}
	})
	t.Cleanup(s.close)
	return s
}

func (s *scanner) close() {
	_ = s.listener.Close()
	s.running.Wait()
}

func scan(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	command := make([]byte, len("zINSTREAM\x00"))
	if _, err := io.ReadFull(conn, command); err != nil {
		return
	}
	var content bytes.Buffer
	for {
		var size uint32
		if err := binary.Read(conn, binary.BigEndian, &size); err != nil {
			return
		}
		if size == 0 {
			break
		}
		if _, err := io.CopyN(&content, conn, int64(size)); err != nil {
			return
		}
	}
	verdict := "stream: OK\x00"
	if bytes.Contains(content.Bytes(), infected) {
		verdict = "stream: Eicar-Signature FOUND\x00"
	}
	_, _ = conn.Write([]byte(verdict))
}
