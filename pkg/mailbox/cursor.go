// Package mailbox serves a partner agency's mailbox from a journal: a reader reads messages from a cursor on
// and acknowledges those that it has stored.
package mailbox

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Position is how far a reader has come in the mailbox of one service: the sequence of the last message, and
// the first 8 bytes of the chain hash at that message. The hash shows whether the mailbox still has the
// history that the reader has seen.
type Position struct {
	Service  string
	Sequence uint64
	Chain    [chainBytes]byte
}

// Cursor is a position in each service. For a service that the cursor does not name, the position is the
// beginning of its mailbox.
type Cursor []Position

const (
	chainBytes    = 8
	cursorVersion = 1
	maxServices   = 16
	maxName       = 32
)

// errCursor is returned for a text that is not a cursor made by String.
var errCursor = errors.New("mailbox: not a cursor")

// At returns the position in a service, with sequence 0 if the cursor does not name the service.
func (c Cursor) At(service string) Position {
	for _, position := range c {
		if position.Service == service {
			return position
		}
	}
	return Position{Service: service}
}

// String returns the opaque, URL-safe form of the cursor: base64 of a version byte, followed for each
// service, in the order of their names, by the length of its name, the name, the sequence as uvarint, and 8
// bytes of the chain hash. Positions with sequence 0 are omitted.
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

// ParseCursor parses the opaque form. An empty text is the empty cursor. Each cursor has exactly one form;
// any other text is an error.
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

// Behind returns the position after a message.
func Behind(message *exchangev1.CaseMessage) Position {
	return position(message.GetService(), message.GetSequence(), message.GetChainHash())
}
