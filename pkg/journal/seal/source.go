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
	_ "gocloud.dev/secrets/localsecrets" // stands for a KMS where Koppi is tried out
)

// Source says where the key-encryption key comes from.
type Source struct {
	// File that holds it, a Tink keyset in JSON.
	File string
	// Address is empty where the file holds it in the clear; env:NAME where that
	// variable holds it instead, as the file would; or else the address of a KMS key
	// that seals the file, such as awskms:///alias/koppi?region=eu-north-1.
	Address string
	// Dev admits base64key:// for a KMS: a key in an address can be read by whoever
	// lists processes.
	Dev bool
}

const (
	fromEnvironment = "env:"
	inAddress       = "base64key:"
)

// Open opens the key-encryption key; one that is missing is an error. A variable is
// taken out of the environment, so that no process begun by this one has it: it opens
// once.
func (s Source) Open(ctx context.Context) (*KEK, error) {
	name, fromVariable := strings.CutPrefix(s.Address, fromEnvironment)
	if !fromVariable {
		text, err := ReadSecret(s.File)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("seal: there is no key-encryption key: make it once with koppi secrets, or bring it back from its backup: %w", err)
		}
		if err != nil {
			return nil, err
		}
		return s.parse(ctx, text)
	}
	text := os.Getenv(name)
	if text == "" {
		return nil, fmt.Errorf("seal: the variable %s is to hold the key-encryption key and is empty: set it to the content of a kek.json made by koppi secrets", name)
	}
	if err := os.Unsetenv(name); err != nil {
		return nil, err
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("seal: the variable %s holds no key-encryption key: set it to the content of a kek.json made by koppi secrets", name)
	}
	return newKEK(handle)
}

// Make opens the key-encryption key, and makes it where its file is missing.
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
		return nil, fmt.Errorf("seal: %s holds no key-encryption key: bring it back from its backup", s.File)
	}
	switch sealed := file.Sealed != ""; {
	case sealed && s.Address == "":
		return nil, fmt.Errorf("seal: %s is sealed by a KMS: give that key's address with --kek", s.File)
	case !sealed && s.Address != "":
		return nil, fmt.Errorf("seal: %s is in the clear and not sealed by a KMS: leave --kek out, or make a sealed one with koppi secrets --kek", s.File)
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
		return nil, fmt.Errorf("seal: %s does not open: see that --kek names the KMS key that sealed it and that this process may use it: %w", s.File, refused)
	}
	if err != nil {
		return nil, fmt.Errorf("seal: %s holds no key-encryption key: bring it back from its backup", s.File)
	}
	return newKEK(handle)
}

// write is a keyset as the file holds it.
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
		return &kmsError{errors.New("base64key:// is for trying out alone, since the key stands in the address")}
	}
	keeper, err := secrets.OpenKeeper(ctx, s.Address)
	if err != nil {
		// The library's own words could hold the address, and that a key.
		return &kmsError{errors.New("--kek is no address of a KMS key, such as awskms:///alias/koppi?region=eu-north-1")}
	}
	defer func() { err = errors.Join(err, keeper.Close()) }()
	keys := &kms{keeper: keeper}
	if err := do(keys); keys.refused == nil {
		return err
	}
	return &kmsError{keys.refused}
}

// kms is a key of a KMS as Tink has keys seal keysets. It has no associated data.
type kms struct {
	keeper *secrets.Keeper
	// refused is the KMS's own error, which Tink does not hand on.
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

// kmsError is the KMS's own, or that there is none.
type kmsError struct{ err error }

func (e *kmsError) Error() string { return e.err.Error() }
func (e *kmsError) Unwrap() error { return e.err }
