package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/seal"
)

// KEKFile is the name of the file that holds the key-encryption key.
const KEKFile = "kek.json"

// Keyring configures the source of the key-encryption key.
type Keyring struct {
	KEK string `name:"kek" help:"Address of the key-encryption key: empty for an unencrypted kek.json, env:NAME for a variable, or the address of the KMS key that encrypts kek.json, such as awskms:///alias/koppi?region=…" env:"KOPPI_KEK"`
}

// Source returns the source of the key-encryption key for a folder of secrets. Dev admits sources that are
// only for trials.
func (k Keyring) Source(folder string, dev bool) seal.Source {
	return seal.Source{File: filepath.Join(folder, KEKFile), Address: k.KEK, Dev: dev}
}

// OpenSecrets reads the secrets in the suite's folder, which must exist: replicas that each made their own
// could not read each other's pseudonyms.
func (k Keyring) OpenSecrets(ctx context.Context, folder string, dev bool) (*identity.Secrets, *seal.KEK, error) {
	key, err := k.Source(folder, dev).Open(ctx)
	if err != nil {
		return nil, nil, err
	}
	if _, err := os.Stat(filepath.Join(folder, identity.SecretsFile)); err != nil {
		return nil, nil, fmt.Errorf("a secret is missing; make them once with koppi secrets, and give them to every replica: %w", err)
	}
	secrets, err := identity.OpenSecrets(folder)
	return secrets, key, err
}
