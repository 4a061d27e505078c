package transparency

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
)

// Names of the files with the key that signs checkpoints and the key that verifies them. Give the latter to
// those who keep checkpoints.
const (
	SignerFile   = "log.key"
	VerifierFile = "log.pub"
)

// signerName is the name of the signer in checkpoints.
const signerName = "koppi-log"

// MakeKeys creates the keys in a folder if they are missing.
func MakeKeys(folder string) error {
	if _, err := seal.ReadSecret(filepath.Join(folder, SignerFile)); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	signer, verifier, err := note.GenerateKey(rand.Reader, signerName)
	if err != nil {
		return fmt.Errorf("transparency: %w", err)
	}
	if err := seal.WriteSecret(filepath.Join(folder, VerifierFile), []byte(verifier+"\n")); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return seal.WriteSecret(filepath.Join(folder, SignerFile), []byte(signer+"\n"))
}

// Signer returns the signer with the key in a folder.
func Signer(folder string) (note.Signer, error) {
	text, err := seal.ReadSecret(filepath.Join(folder, SignerFile))
	if err != nil {
		return nil, fmt.Errorf("the log's signing key is missing; create it once with koppi secrets: %w", err)
	}
	return note.NewSigner(strings.TrimSpace(string(text)))
}

// Journal is what a checkpoint is made from.
type Journal interface {
	journal.Log
	Positions(ctx context.Context, agencies ...string) (map[string]journal.Position, error)
	Deliveries(ctx context.Context, query journal.DeliveryQuery) ([]journal.Delivery, error)
}

// Checkpoint is the state of a service's log and mailboxes at a moment. Keep it outside of Koppi.
type Checkpoint struct {
	Service string
	Leaves  int64
	Root    tlog.Hash
	// Mailboxes are the positions by agency.
	Mailboxes map[string]journal.Position
}

// At returns the checkpoint of a journal's current state.
func At(ctx context.Context, of Journal, service string) (Checkpoint, error) {
	state, err := of.LogState(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Service: service, Leaves: state.Leaves}
	if c.Root, err = tlog.TreeHash(state.Leaves, reader{ctx, of}); err != nil {
		return c, err
	}
	c.Mailboxes, err = of.Positions(ctx)
	return c, err
}

const (
	checkpointForm = "koppi log of %s\n%d\n%s\n"
	mailboxForm    = "mailbox %s %d %x\n"
)

// Sign returns the checkpoint as signed text.
func (c Checkpoint) Sign(signer note.Signer) ([]byte, error) {
	text := fmt.Appendf(nil, checkpointForm, c.Service, c.Leaves, c.Root)
	for _, agency := range slices.Sorted(maps.Keys(c.Mailboxes)) {
		text = fmt.Appendf(text, mailboxForm, agency, c.Mailboxes[agency].Sequence, c.Mailboxes[agency].ChainHash)
	}
	return note.Sign(&note.Note{Text: string(text)}, signer)
}

// ParseCheckpoint parses a signed checkpoint. It returns an error if the signature is not valid for the
// verifier's key.
func ParseCheckpoint(text []byte, verifier string) (Checkpoint, error) {
	known, err := note.NewVerifier(strings.TrimSpace(verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("this is not a verifier key: %w", err)
	}
	opened, err := note.Open(text, note.VerifierList(known))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("the checkpoint is not signed by this suite's log: %w", err)
	}
	return parse(opened.Text)
}

// ParseCheckpoints parses several concatenated checkpoints.
func ParseCheckpoints(text []byte, verifier string) ([]Checkpoint, error) {
	var all []Checkpoint
	for part := range strings.SplitSeq("\n"+string(text), "\nkoppi log of ") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		// A note ends with the line break after its last signature.
		one, err := ParseCheckpoint([]byte("koppi log of "+strings.TrimRight(part, "\n")+"\n"), verifier)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func parse(text string) (Checkpoint, error) {
	c := Checkpoint{Mailboxes: map[string]journal.Position{}}
	var root string
	read := strings.NewReader(text)
	if _, err := fmt.Fscanf(read, checkpointForm, &c.Service, &c.Leaves, &root); err != nil {
		return c, fmt.Errorf("the checkpoint is malformed: %w", err)
	}
	for read.Len() > 0 {
		var agency string
		var head journal.Position
		if _, err := fmt.Fscanf(read, mailboxForm, &agency, &head.Sequence, &head.ChainHash); err != nil {
			return c, fmt.Errorf("the checkpoint is malformed: %w", err)
		}
		c.Mailboxes[agency] = head
	}
	var err error
	c.Root, err = tlog.ParseHash(root)
	return c, err
}
