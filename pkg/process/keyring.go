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

// Keyring is where the key-encryption key comes from.
type Keyring struct {
	KEK string `name:"kek" help:"Address of the key-encryption key: empty for kek.json in the clear, env:NAME for a variable, or that of the KMS key that seals kek.json, such as awskms:///alias/koppi?region=…" env:"KOPPI_KEK"`
}

// Source of the key-encryption key of a folder of secrets. Dev admits what is for
// trying out.
func (k Keyring) Source(folder string, dev bool) seal.Source {
	return seal.Source{File: filepath.Join(folder, KEKFile), Address: k.KEK, Dev: dev}
}

// OpenSecrets reads what must be in the suite's folder: replicas that made their own
// would not understand each other.
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
