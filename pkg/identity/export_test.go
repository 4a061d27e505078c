package identity

import "time"

// CallerOf is how an issuer's claims are read.
func (v *Verifier) CallerOf(issuer string, claims map[string]any, expires time.Time) (Caller, error) {
	return v.caller(claims, expires, v.issuers[issuer])
}
