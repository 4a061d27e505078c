// Package exchange serves a partner agency's mailbox from a journal: reading it
// from a cursor, and acknowledging what was taken.
package exchange

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Position is how far a reader has come in one service's mailbox: the sequence,
// and the first 8 bytes of the chain hash there, by which a history that is not
// the reader's is found out.
type Position struct {
	Service  string
	Sequence uint64
	Chain    [chainBytes]byte
}

// Cursor is a position in each service; a service that it does not name is at
// its beginning.
type Cursor []Position

const (
	chainBytes    = 8
	cursorVersion = 1
	maxServices   = 16
	maxName       = 32
)

// errCursor says that a text is no cursor of ours.
var errCursor = errors.New("exchange: not a cursor")

// At returns the position in a service.
func (c Cursor) At(service string) Position {
	for _, position := range c {
		if position.Service == service {
			return position
		}
	}
	return Position{Service: service}
}

// String is the opaque form, URL-safe: a version byte, then for each service in
// the order of their names its length and name, the sequence as uvarint, and the
// 8 bytes of the chain. A position at the beginning is left out.
func (c Cursor) String() string {
	sorted := slices.Clone(c)
	slices.SortFunc(sorted, func(a, b Position) int { return slices.Compare([]byte(a.Service), []byte(b.Service)) })
	raw := []byte{cursorVersion}
	for _, position := range sorted {
		if position.Sequence == 0 {
			continue
		}
		raw = append(raw, byte(len(position.Service))) //nolint:gosec // at most maxName
		raw = append(raw, position.Service...)
		raw = binary.AppendUvarint(raw, position.Sequence)
		raw = append(raw, position.Chain[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ParseCursor reads the opaque form; empty text is the empty cursor. Each cursor
// has one form, and any other text is refused.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) == 0 || raw[0] != cursorVersion {
		return nil, errCursor
	}
	var cursor Cursor
	for rest := raw[1:]; len(rest) > 0; {
		var position Position
		if position, rest, err = parsePosition(rest); err != nil || len(cursor) == maxServices {
			return nil, errCursor
		}
		cursor = append(cursor, position)
	}
	if cursor.String() != text {
		return nil, errCursor
	}
	return cursor, nil
}

func parsePosition(raw []byte) (Position, []byte, error) {
	length := int(raw[0])
	if length == 0 || length > maxName || len(raw) < 1+length {
		return Position{}, nil, errCursor
	}
	position := Position{Service: string(raw[1 : 1+length])}
	raw = raw[1+length:]
	sequence, n := binary.Uvarint(raw)
	if n <= 0 || sequence == 0 || len(raw) < n+chainBytes {
		return Position{}, nil, errCursor
	}
	position.Sequence = sequence
	copy(position.Chain[:], raw[n:])
	return position, raw[n+chainBytes:], nil
}

// Behind is the position behind a message.
func Behind(message *exchangev1.CaseMessage) Position {
	return position(message.GetService(), message.GetSequence(), message.GetChainHash())
}
