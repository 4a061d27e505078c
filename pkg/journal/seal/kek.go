// Package seal keeps content under keys that can be destroyed: one data key per
// subject and retention class, wrapped by a key-encryption key and kept in a
// database of its own. Where the key is gone, so is what it sealed, in every
// backup of the journal too.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// OpenKEK reads the key-encryption key, a Tink keyset in JSON, and makes it at
// the first start. A file that others can read is refused.
func OpenKEK(path string) (tink.AEAD, error) {
	text, err := ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKEK(path)
	}
	if err != nil {
		return nil, err
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("seal: %s holds no key-encryption key", path)
	}
	kek, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("seal: key-encryption key of %s: %w", path, err)
	}
	return kek, nil
}

func makeKEK(path string) ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("seal: make a key-encryption key: %w", err)
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return nil, fmt.Errorf("seal: write a key-encryption key: %w", err)
	}
	return text.Bytes(), WriteSecret(path, text.Bytes())
}

// ReadSecret reads a file that only its owner may read.
func ReadSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("seal: others can read %s; run: chmod 600 %s", path, path)
	}
	return os.ReadFile(path) //nolint:gosec // the path is the operator's
}

// WriteSecret makes a file that only its owner may read, whole or not at all. It
// does not replace one that exists.
func WriteSecret(path string, content []byte) error {
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
	// A link, unlike a renaming, fails where somebody else was faster.
	if err := os.Link(draft.Name(), path); err != nil {
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
