// Package seal keeps content under keys that can be destroyed: one data key per
// subject and retention class, wrapped by a key-encryption key and kept in a
// database of its own. Where the key is gone, so is what it sealed, in every
// backup of the journal too.
package seal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/core/cryptofmt"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// KEK is the key-encryption key: a keyset of which one key wraps and all open.
type KEK struct {
	tink.AEAD
	handle *keyset.Handle
	// wraps is the key that wraps, as it begins what it wraps.
	wraps []byte
}

// OpenKEK opens the key-encryption key of a file, in the clear, and makes it where
// it is missing.
func OpenKEK(path string) (*KEK, error) {
	return Source{File: path}.Make(context.Background())
}

// Fresh tells whether the key that wraps now has wrapped this: false where an older
// one has.
func (k *KEK) Fresh(wrapped []byte) bool { return bytes.HasPrefix(wrapped, k.wraps) }

func newKEK(handle *keyset.Handle) (*KEK, error) {
	primary, err := handle.Primary()
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	opened, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &KEK{AEAD: opened, handle: handle, wraps: binary.BigEndian.AppendUint32([]byte{cryptofmt.TinkStartByte}, primary.KeyID())}, nil
}

// ReadSecret reads a file that only its owner may read. One that root gives to this
// process's group, as Kubernetes does, the group may read.
func ReadSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if given := known && owner.Uid == 0 && os.Geteuid() != 0; open(info.Mode(), given) {
		return nil, fmt.Errorf("seal: others can read %s; run: chmod 600 %s", path, path)
	}
	return os.ReadFile(path) //nolint:gosec // the path is the operator's
}

// open tells that somebody may read, or change, who must not.
func open(mode os.FileMode, given bool) bool {
	if given {
		return mode.Perm()&0o037 != 0
	}
	return mode.Perm()&0o077 != 0
}

// WriteSecret makes a file that only its owner may read, whole or not at all. It
// does not replace one that exists.
func WriteSecret(path string, content []byte) error {
	// A link, unlike a renaming, fails where somebody else was faster.
	return writeSecret(path, content, os.Link)
}

// replaceSecret puts another content in the place of a secret's, whole or not at all.
func replaceSecret(path string, content []byte) error { return writeSecret(path, content, os.Rename) }

func writeSecret(path string, content []byte, place func(draft, path string) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	if _, err := draft.Write(content); err != nil {
		return errors.Join(err, draft.Close())
	}
	if err := errors.Join(draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := place(draft.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
