package matter

import "google.golang.org/protobuf/proto"

// RevokeStep returns the step by which the sender states that a matter was entered in error; it is
// the same in every service. Or lists who else may take it.
func RevokeStep[S State, F, D any, R interface {
	proto.Message
	GetReason() string
}](record func(D, Command[F], R), or ...Access[S],
) Step[S, F, D, R] {
	return Step[S, F, D, R]{
		By: []Role{RoleSender}, Automatic: true, WhenFull: Always, Or: or,
		When: func(view S, _ Actor) bool { return view.Common().Exists() && !view.Common().IsRevoked() },
		Check: func(_ World[S], _ Command[F], r R) error {
			return CheckExplained("revoking", "reason", r.GetReason())
		},
		Record: record,
	}
}

// AcknowledgeStep returns the step by which the holder of a copy acknowledges a revocation; it is
// the same in every service.
func AcknowledgeStep[S State, F, D any, R proto.Message](record func(D, Command[F], R)) Step[S, F, D, R] {
	return Step[S, F, D, R]{
		By: []Role{RoleSender, RoleReceiver, RoleParticipant}, Automatic: true, WhenFull: Always,
		When:   func(view S, actor Actor) bool { return view.Common().Revocation.Awaits(actor.Agency) },
		Record: record,
	}
}
