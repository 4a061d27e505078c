package identity

import "time"

// CallerOf maps an issuer's claims to a caller.
func (v *Verifier) CallerOf(issuer string, claims map[string]any, expires time.Time) (Caller, error) {
	return v.caller(claims, expires, v.issuers[issuer])
}

// Workers are the roles of workers.
func Workers() []Role { return workers }
