package idcode

import "regexp"

// subjectForm is that of a worker's or system's subject, as the contract's Party has it: what
// identity providers give out, and nothing that a sentence could be written in.
var subjectForm = regexp.MustCompile(`^[A-Za-z0-9._@:+=/|-]{1,128}$`)

// IsSubject tells whether a text may stand for a worker or system in events and logs: it is of
// the form of a subject, and holds no identity code, which some providers have in such a claim.
func IsSubject(text string) bool { return subjectForm.MatchString(text) && !In(text) }
