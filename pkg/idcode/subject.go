package idcode

import "regexp"

// subjectForm is the form of a worker's or system's subject, as in the contract's Party: what identity
// providers issue, but nothing in which a sentence could be written.
var subjectForm = regexp.MustCompile(`^[A-Za-z0-9._@:+=/|-]{1,128}$`)

// IsSubject reports whether a text may identify a worker or system in events and logs: it has the form of a
// subject, and contains no identity code, which some providers put into such a claim.
func IsSubject(text string) bool { return subjectForm.MatchString(text) && !In(text) }
