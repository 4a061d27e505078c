package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
)

// dataKey is AES-GCM with a random nonce of 12 bytes before the ciphertext. That is the form of Tink's AESGCM, with
// which earlier versions sealed.
type dataKey struct{ aead cipher.AEAD }

func newDataKey(raw []byte) (dataKey, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return dataKey{}, fmt.Errorf("seal: data key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return dataKey{}, fmt.Errorf("seal: data key: %w", err)
	}
	return dataKey{aead}, nil
}

// Encrypt implements tink.AEAD.
func (k dataKey) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	return k.aead.Seal(nil, nil, plaintext, associatedData), nil //nolint:gosec // newDataKey took the mode that makes a random nonce
}

// Decrypt implements tink.AEAD.
func (k dataKey) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	return k.aead.Open(nil, nil, ciphertext, associatedData)
}
