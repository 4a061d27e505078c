package redistest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Faults are the faults of a connection to Redis.
type Faults struct {
	// Copies returns how many times the next published message arrives; 0 loses it.
	Copies func() int
	// Delay is how much later everything from Redis arrives.
	Delay time.Duration
}

// Through returns a client that connects to the server with faults.
func (s *Server) Through(faults Faults) *redis.Client {
	s.tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.tb.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
			if err != nil {
				_ = from.Close()
				continue
			}
			running.Go(func() { _, _ = io.Copy(to, from); _ = to.Close() })
			running.Go(func() { faults.carry(to, from); _ = from.Close() })
		}
	})
	client := redis.NewClient(&redis.Options{Addr: listener.Addr().String()})
	s.tb.Cleanup(func() {
		_ = client.Close()
		_ = listener.Close()
		running.Wait()
	})
	return client
}

// carry forwards the answers of Redis, one reply at a time.
func (f Faults) carry(from io.Reader, to io.Writer) {
	replies := bufio.NewReader(from)
	for {
		reply, err := read(replies)
		if err != nil {
			return
		}
		time.Sleep(f.Delay) // the fault that the test asked for
		copies := 1
		if bytes.Contains(reply, []byte("\r\nmessage\r\n")) {
			copies = f.Copies()
		}
		if _, err := to.Write(bytes.Repeat(reply, copies)); err != nil {
			return
		}
	}
}

// read returns one reply of the Redis protocol, unparsed.
func read(from *bufio.Reader) ([]byte, error) {
	line, err := from.ReadBytes('\n')
	if err != nil || len(line) < 3 {
		return nil, io.ErrUnexpectedEOF
	}
	size, _ := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	switch line[0] {
	case '$', '=':
		if size < 0 {
			return line, nil
		}
		body := make([]byte, size+2)
		_, err := io.ReadFull(from, body)
		return append(line, body...), err
	case '*', '>', '~', '%':
		if line[0] == '%' {
			size *= 2
		}
		for range size {
			element, err := read(from)
			if err != nil {
				return nil, err
			}
			line = append(line, element...)
		}
	}
	return line, nil
}
