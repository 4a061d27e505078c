package partner

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
	"google.golang.org/protobuf/proto"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// File is an Inbox in one file. Each line holds a message, as it was hashed, and the cursor after it. Message
// and position are stored by one write, so that neither exists without the other.
type File struct {
	lock *flock.Flock

	mu       sync.Mutex
	file     *os.File
	size     int64
	position Position
	// held is the first heldBytes of the chain hash of each message, by service and sequence.
	held map[string][][heldBytes]byte
}

// heldBytes is the length of the chain hash in a cursor.
const heldBytes = 8

// DamageError says where a file differs from what was written.
type DamageError struct {
	// Line in the file, counted from 1.
	Line int
	Err  error
}

func (e *DamageError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *DamageError) Unwrap() error { return e.Err }

// ErrInUse says that another process has opened the file.
var ErrInUse = errors.New("partner: the inbox is in use by another process")

// OpenFile opens or creates an inbox and verifies all of it. Damage is a *DamageError. An incomplete last
// line was never acknowledged; it is removed, and Koppi delivers the message again.
func OpenFile(path string) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("partner: %w", err)
	}
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	if got, err := lock.TryLock(); err != nil || !got {
		return nil, errors.Join(ErrInUse, err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the path is the partner's own
	if err != nil {
		return nil, errors.Join(fmt.Errorf("partner: %w", err), lock.Unlock())
	}
	f := &File{lock: lock, file: file}
	if err := f.recover(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// recover reads the file from its beginning and truncates an incomplete last line.
func (f *File) recover() error {
	if err := syncFolder(filepath.Dir(f.file.Name())); err != nil {
		return err
	}
	var err error
	f.held = map[string][][heldBytes]byte{}
	f.position, f.size, err = Verify(f.file, f.hold)
	if err != nil {
		return err
	}
	if err := f.file.Truncate(f.size); err != nil {
		return fmt.Errorf("partner: %w", err)
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // the path is the partner's own
	if err != nil {
		return fmt.Errorf("partner: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// hold notes that a message is in the file.
func (f *File) hold(message *exchangev1.CaseMessage) {
	if !message.GetRedelivered() {
		f.held[message.GetService()] = append(f.held[message.GetService()], [heldBytes]byte(message.GetChainHash()))
	}
}

// Holds reports whether the file holds a message at its sequence.
func (f *File) Holds(_ context.Context, message *exchangev1.CaseMessage) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held, at := f.held[message.GetService()], message.GetSequence()
	return at > 0 && at <= uint64(len(held)) && bytes.HasPrefix(message.GetChainHash(), held[at-1][:]), nil
}

// Position returns the position after the last message in the file.
func (f *File) Position(context.Context) (Position, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.position, nil
}

// Take appends messages to the file and syncs it to disk before it returns.
func (f *File) Take(_ context.Context, messages []Message, behind Position) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var lines bytes.Buffer
	for _, message := range messages {
		if err := writeLine(&lines, message); err != nil {
			return err
		}
	}
	if err := f.append(lines.Bytes()); err != nil {
		// The content of the file is now unknown: remove what may have been written, so that nothing follows
		// it.
		return errors.Join(err, f.file.Truncate(f.size))
	}
	f.position = behind
	for _, message := range messages {
		f.hold(message.GetMessage())
	}
	return nil
}

// TakeAgain appends messages that were parked. They have no place in the chain and do not change the
// position.
func (f *File) TakeAgain(_ context.Context, messages []*exchangev1.CaseMessage) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var lines bytes.Buffer
	for _, message := range messages {
		if err := writeLine(&lines, &exchangev1.ExchangeResponse_Delivery{Message: message, Cursor: f.position.Cursor}); err != nil {
			return err
		}
	}
	if err := f.append(lines.Bytes()); err != nil {
		return errors.Join(err, f.file.Truncate(f.size))
	}
	return nil
}

func (f *File) append(lines []byte) error {
	if _, err := f.file.Write(lines); err != nil {
		return fmt.Errorf("partner: %w", err)
	}
	if err := f.file.Sync(); err != nil {
		return fmt.Errorf("partner: %w", err)
	}
	f.size += int64(len(lines))
	return nil
}

// Close closes the file and releases its lock.
func (f *File) Close() error { return errors.Join(f.file.Close(), f.lock.Unlock()) }

// line is one message in the file. Its JSON is followed by the first bytes of its SHA-256, so that damage
// anywhere in the line is found.
type line struct {
	// Cursor after the message.
	Cursor string `json:"cursor"`
	Nonce  []byte `json:"nonce,omitempty"`
	// Record is the message as it was hashed; for a tombstone, what is left of the message.
	Record    []byte `json:"record"`
	Tombstone bool   `json:"tombstone,omitempty"`
	// Redelivered says that the message was a tombstone when it was first delivered.
	Redelivered bool   `json:"redelivered,omitempty"`
	ContentHash []byte `json:"content_hash"`
	ChainHash   []byte `json:"chain_hash"`
}

const sumSize = 8

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:sumSize])
}

func writeLine(to *bytes.Buffer, taken Message) error {
	message := taken.GetMessage()
	one := line{
		Cursor: taken.GetCursor(), Nonce: message.GetNonce(), Record: message.GetRecord(), ContentHash: message.GetContentHash(), ChainHash: message.GetChainHash(),
		Redelivered: message.GetRedelivered(),
	}
	if Tombstone(message) {
		left := proto.CloneOf(message)
		left.ContentHash, left.ChainHash = nil, nil
		record, err := proto.Marshal(left)
		if err != nil {
			return fmt.Errorf("partner: %w", err)
		}
		one.Tombstone, one.Record = true, record
	}
	text, err := json.Marshal(one)
	if err != nil {
		return fmt.Errorf("partner: %w", err)
	}
	to.Write(text)
	fmt.Fprintf(to, " %s\n", sumOf(text))
	return nil
}

func readLine(text []byte) (*exchangev1.CaseMessage, string, error) {
	cut := len(text) - 2*sumSize - 1
	if cut < 0 || text[cut] != ' ' || sumOf(text[:cut]) != string(text[cut+1:]) {
		return nil, "", errors.New("the line is not what was written")
	}
	var one line
	if err := json.Unmarshal(text[:cut], &one); err != nil {
		return nil, "", errors.New("the line cannot be read")
	}
	message := &exchangev1.CaseMessage{}
	if err := proto.Unmarshal(one.Record, message); err != nil {
		return nil, "", errors.New("the record cannot be read")
	}
	if !one.Tombstone {
		message.Record, message.Nonce = one.Record, one.Nonce
	}
	message.ContentHash, message.ChainHash, message.Redelivered = one.ContentHash, one.ChainHash, one.Redelivered
	return message, one.Cursor, nil
}

// Verify reads an inbox file, verifies its chains, and passes each message to seen, which may be nil. It
// returns the position after the last complete line, and the offset at which that line ends. Anything after
// it is an incomplete write.
func Verify(file io.Reader, seen func(*exchangev1.CaseMessage)) (Position, int64, error) {
	var position Position
	var size int64
	reader := bufio.NewReader(file)
	for number := 1; ; number++ {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return position, size, nil
		}
		if err != nil {
			return position, size, fmt.Errorf("partner: %w", err)
		}
		message, cursor, err := readLine(text[:len(text)-1])
		if err != nil {
			return position, size, &DamageError{number, err}
		}
		if message.GetRedelivered() {
			err = Intact(message)
		} else {
			position, err = position.Follow(message, cursor)
		}
		if err != nil {
			return position, size, &DamageError{number, err}
		}
		if seen != nil {
			seen(message)
		}
		size += int64(len(text))
	}
}
