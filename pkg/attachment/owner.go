package attachment

import "koppi.internal/pkg/identity"

// Owner returns the owner of a client's attachments as the bucket stores it, from the client's
// internal id.
func Owner(secrets *identity.Secrets, client string) []byte {
	return secrets.Digest([]byte("attachment"), []byte(client))
}
