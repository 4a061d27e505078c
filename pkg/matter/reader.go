package matter

// Role is the relation of an agency to a matter.
type Role string

// The roles in a matter. A reader with RoleNone has no relation to the matter and may not know that
// it exists.
const (
	RoleNone        Role = ""
	RoleSender      Role = "sender"
	RoleReceiver    Role = "receiver"
	RoleParticipant Role = "participant"
	// RoleClient is the person whom the matter concerns, who reads it and takes no steps.
	RoleClient Role = "client"
)

// Reader is an agency to which a matter is disclosed, with the facts that limit the disclosure.
type Reader struct {
	Agency string
	Role   Role
	// Consent says that the client's consent now covers this reader, if the reader needs it:
	// consent was the ground and has not been withdrawn.
	Consent bool
	// OnConsent says that the disclosure to the reader rests on the client's consent. Its right
	// ends when the consent is withdrawn.
	OnConsent bool
	// Share names the consent on which the reader alone has the matter, with the key that seals what
	// is disclosed to it. Empty if it needs no consent, or if one consent carries the whole matter.
	Share string
	// HearsBack says that a concern's reporter hears how the concern goes on, since the client
	// consented to that. It does not follow from Consent, nor Consent from it.
	HearsBack bool
	// Gone says that the matter was disclosed to the reader earlier and is no longer, because it
	// has left. The reader then has no relation to the matter until it is invited again.
	Gone bool
	// Left says that the reader had left before the notice that its copy must be removed. Of that
	// notice the reader sees what concerns its own copy.
	Left bool
}

// IsSilenced reports whether nothing more is disclosed to a reader, because the consent on which
// its right rests was withdrawn.
func (r Reader) IsSilenced() bool { return r.OnConsent && !r.Consent }
