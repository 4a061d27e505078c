package matter

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Etag returns the opaque form of the version of a matter that an agency has been shown. The
// version is the number of messages about the matter in the agency's mailbox.
func Etag(subject, agency string, version uint64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", subject, agency, version))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
