package loop

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Etag is the opaque form of the version of a subject that an agency has been
// shown: how many messages its mailbox has had about it.
func Etag(subject, agency string, version uint64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", subject, agency, version))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
