// Package seal encrypts content with keys that can be destroyed: one data key per subject and
// retention class, wrapped by a key-encryption key and stored in a database of its own. When a data
// key is destroyed, its content is lost for good, in every backup of the journal too.
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

// KEK is the key-encryption key: a keyset of which one key wraps data keys and all keys open them.
type KEK struct {
	tink.AEAD
	handle *keyset.Handle
	// wraps is the prefix of everything that the wrapping key has wrapped.
	wraps []byte
}

// OpenKEK opens the key-encryption key in a file, in the clear, and creates it where the file is
// missing.
func OpenKEK(path string) (*KEK, error) {
	return Source{File: path}.Make(context.Background())
}

// Fresh tells whether the present wrapping key wrapped this data key; false where an older key did.
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

// ReadSecret reads a file that only its owner may read. Where root owns the file and this process
// is not root, as in Kubernetes, the file's group may read it too.
func ReadSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if given := known && owner.Uid == 0 && os.Geteuid() != 0; open(info.Mode(), given) {
		return nil, fmt.Errorf("seal: other users can read %s; run: chmod 600 %s", path, path)
	}
	return os.ReadFile(path) //nolint:gosec // the path is the operator's
}

// open tells whether an account can read or change the file that must not. given says that root
// owns the file and the group may read it.
func open(mode os.FileMode, given bool) bool {
	if given {
		return mode.Perm()&0o037 != 0
	}
	return mode.Perm()&0o077 != 0
}

// WriteSecret creates a file that only its owner may read, whole or not at all. It does not replace
// an existing file.
func WriteSecret(path string, content []byte) error {
	// Unlike a rename, a link fails where another process has created the file first.
	return writeSecret(path, content, os.Link)
}

// replaceSecret replaces the content of a secret file, whole or not at all.
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
