package gateway

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Scanner scans uploads for malware. If the scanner cannot answer, the upload is not finished.
type Scanner interface {
	Scan(ctx context.Context, content io.Reader) (clean bool, err error)
}

// Clamd scans with a ClamAV daemon, by its INSTREAM command.
type Clamd struct {
	// Address of the daemon, as host:port.
	Address string
}

// ScannerAt is the scanner at an address, as host:port; nil where the address is empty.
func ScannerAt(address string) Scanner {
	if address == "" {
		return nil
	}
	return Clamd{Address: address}
}

// scanTime bounds the time of one scan.
const scanTime = 20 * time.Second

// Scan sends the content in parts, each preceded by its length, and reports whether the daemon
// found it clean. It takes at most scanTime. It fails if the daemon cannot be reached or gives no
// verdict.
func (c Clamd) Scan(ctx context.Context, content io.Reader) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, scanTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return false, fmt.Errorf("attachment: connect to the scanner: %w", err)
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return false, err
	}
	if _, err := conn.Write([]byte("zINSTREAM\x00")); err != nil {
		return false, fmt.Errorf("attachment: start a scan: %w", err)
	}
	part := make([]byte, 4+64<<10)
	for {
		n, err := content.Read(part[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(part, uint32(n)) //nolint:gosec // at most 64 KiB
			if _, err := conn.Write(part[:4+n]); err != nil {
				return false, fmt.Errorf("attachment: send to the scanner: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, err
		}
	}
	if _, err := conn.Write([]byte{0, 0, 0, 0}); err != nil {
		return false, fmt.Errorf("attachment: send to the scanner: %w", err)
	}
	return verdict(conn)
}

func verdict(answer io.Reader) (bool, error) {
	text, err := io.ReadAll(io.LimitReader(answer, 4096))
	if err != nil {
		return false, fmt.Errorf("attachment: read the scanner's answer: %w", err)
	}
	switch said := string(bytes.Trim(text, "\x00\n")); {
	case said == "stream: OK":
		return true, nil
	case strings.HasPrefix(said, "stream: ") && strings.HasSuffix(said, " FOUND"):
		return false, nil
	default:
		return false, errors.New("attachment: the scanner gave no verdict")
	}
}
