package seal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"gocloud.dev/secrets"
	_ "gocloud.dev/secrets/awskms"       // a KMS
	_ "gocloud.dev/secrets/localsecrets" // replaces a KMS where Koppi is tried out
)

// Source says where the key-encryption key is stored.
type Source struct {
	// File is the file with the key, a Tink keyset in JSON.
	File string
	// Address is empty where the file holds the key in the clear. It is env:NAME where that
	// environment variable holds the content of such a file instead. Otherwise it is the address of
	// a KMS key that seals the file, such as awskms:///alias/koppi?region=eu-north-1.
	Address string
	// Dev allows a base64key:// address in place of a KMS. Such an address contains the key, and
	// everybody who can list processes can read it.
	Dev bool
}

const (
	fromEnvironment = "env:"
	inAddress       = "base64key:"
)

// Open opens the key-encryption key, and fails where it is missing. Open removes an environment
// variable from the environment, so that no child process has it; therefore it can open the
// variable only once.
func (s Source) Open(ctx context.Context) (*KEK, error) {
	name, fromVariable := strings.CutPrefix(s.Address, fromEnvironment)
	if !fromVariable {
		text, err := ReadSecret(s.File)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("seal: the key-encryption key is missing: create it once with koppi secrets, or restore it from its backup: %w", err)
		}
		if err != nil {
			return nil, err
		}
		return s.parse(ctx, text)
	}
	text := os.Getenv(name)
	if text == "" {
		return nil, fmt.Errorf("seal: the variable %s must contain the key-encryption key and is empty: set it to the content of a kek.json made by koppi secrets", name)
	}
	if err := os.Unsetenv(name); err != nil {
		return nil, err
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("seal: the variable %s contains no key-encryption key: set it to the content of a kek.json made by koppi secrets", name)
	}
	return newKEK(handle)
}

// Make opens the key-encryption key, and creates it where its file is missing.
func (s Source) Make(ctx context.Context) (*KEK, error) {
	if !strings.HasPrefix(s.Address, fromEnvironment) {
		_, err := os.Stat(s.File)
		if errors.Is(err, fs.ErrNotExist) {
			err = s.make(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	return s.Open(ctx)
}

func (s Source) make(ctx context.Context) error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("seal: make a key-encryption key: %w", err)
	}
	text, err := s.write(ctx, handle)
	if err != nil {
		return err
	}
	return WriteSecret(s.File, text)
}

func (s Source) parse(ctx context.Context, text []byte) (*KEK, error) {
	var file struct {
		Sealed string `json:"encryptedKeyset"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("seal: %s contains no key-encryption key: restore it from its backup", s.File)
	}
	switch sealed := file.Sealed != ""; {
	case sealed && s.Address == "":
		return nil, fmt.Errorf("seal: %s is sealed by a KMS: name the KMS key with --kek", s.File)
	case !sealed && s.Address != "":
		return nil, fmt.Errorf("seal: %s is not sealed by a KMS: omit --kek, or create a sealed key with koppi secrets --kek", s.File)
	}
	reader := keyset.NewJSONReader(bytes.NewReader(text))
	var handle *keyset.Handle
	var err error
	if s.Address == "" {
		handle, err = insecurecleartextkeyset.Read(reader)
	} else {
		err = s.withKMS(ctx, func(keys *kms) error {
			handle, err = keyset.ReadWithContext(ctx, reader, keys, nil)
			return err
		})
	}
	var refused *kmsError
	if errors.As(err, &refused) {
		return nil, fmt.Errorf("seal: unseal %s: check that --kek names the KMS key that sealed it and that this process may use that key: %w", s.File, refused)
	}
	if err != nil {
		return nil, fmt.Errorf("seal: %s contains no key-encryption key: restore it from its backup", s.File)
	}
	return newKEK(handle)
}

// write returns a keyset in the format of the file.
func (s Source) write(ctx context.Context, handle *keyset.Handle) ([]byte, error) {
	var text bytes.Buffer
	writer := keyset.NewJSONWriter(&text)
	var err error
	if s.Address == "" {
		err = insecurecleartextkeyset.Write(handle, writer)
	} else {
		err = s.withKMS(ctx, func(keys *kms) error { return handle.WriteWithContext(ctx, writer, keys, nil) })
	}
	if err != nil {
		return nil, fmt.Errorf("seal: write a key-encryption key: %w", err)
	}
	return text.Bytes(), nil
}

func (s Source) withKMS(ctx context.Context, do func(*kms) error) (err error) {
	if strings.HasPrefix(s.Address, inAddress) && !s.Dev {
		return &kmsError{errors.New("base64key:// is only for trials, because the address contains the key")}
	}
	keeper, err := secrets.OpenKeeper(ctx, s.Address)
	if err != nil {
		// The library's error text could contain the address, and the address a key.
		return &kmsError{errors.New("--kek must be the address of a KMS key, such as awskms:///alias/koppi?region=eu-north-1")}
	}
	defer func() { err = errors.Join(err, keeper.Close()) }()
	keys := &kms{keeper: keeper}
	if err := do(keys); keys.refused == nil {
		return err
	}
	return &kmsError{keys.refused}
}

// kms adapts a KMS key to the interface with which Tink seals keysets. It ignores associated data.
type kms struct {
	keeper *secrets.Keeper
	// refused is the error of the KMS, which Tink does not return.
	refused error
}

func (k *kms) EncryptWithContext(ctx context.Context, plaintext, _ []byte) (sealed []byte, err error) {
	sealed, k.refused = k.keeper.Encrypt(ctx, plaintext)
	return sealed, k.refused
}

func (k *kms) DecryptWithContext(ctx context.Context, ciphertext, _ []byte) (opened []byte, err error) {
	opened, k.refused = k.keeper.Decrypt(ctx, ciphertext)
	return opened, k.refused
}

// kmsError is an error of the KMS, or says that there is no usable KMS.
type kmsError struct{ err error }

func (e *kmsError) Error() string { return e.err.Error() }
func (e *kmsError) Unwrap() error { return e.err }
