package attachment

import (
	"encoding/hex"

	"koppi.internal/pkg/identity"
)

// Owner returns the owner of a client's attachments as the bucket stores it, from the client's
// internal id.
func Owner(secrets *identity.Secrets, client string) []byte {
	return secrets.Digest([]byte("attachment"), []byte(client))
}

// StandsFor is a digest that replaces names where waiting uploads are counted.
func StandsFor(secrets *identity.Secrets, names ...string) string {
	parts := [][]byte{[]byte("uploader")}
	for _, name := range names {
		parts = append(parts, []byte(name))
	}
	return hex.EncodeToString(secrets.Digest(parts...)[:16])
}

// Uploader identifies the uploader within an agency: one worker, or all its systems together.
func Uploader(secrets *identity.Secrets, who identity.Caller) string {
	if who.System {
		return Systems
	}
	return StandsFor(secrets, who.Agency, who.Worker)
}

// IsBy tells whether an upload is a caller's own, or one of the systems of the caller's agency.
func (u Upload) IsBy(secrets *identity.Secrets, who identity.Caller) bool {
	return u.Agency == who.Agency && (u.Worker == Systems || u.Worker == Uploader(secrets, who))
}
