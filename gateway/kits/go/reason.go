package partner

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// domain is the ErrorInfo.domain of every refusal of Koppi's.
const domain = "koppi"

// Reasons of refusals that this kit acts on. Koppi's documents list all.
const (
	reasonBusy        = "BUSY"
	reasonUnavailable = "UNAVAILABLE"
)

// finalReasons are those that a repetition of the same call cannot mend. A reason that is not among them, which may
// be of a later version of Koppi, does not stop a reader: it tries again, ever more slowly.
var finalReasons = map[string]bool{
	"TOKEN_REQUIRED": true, "TOKEN_INVALID": true, "CERTIFICATE_REFUSED": true, "UNKNOWN_PARTY": true, "ROLE_NOT_ALLOWED": true,
	"INVALID_FIELD": true, "INVALID_CURSOR": true, "HISTORY_DIVERGED": true, "TAKEN_OVER": true, "NOT_SERVED": true,
}

// Reason returns the reason for which Koppi refused a call, such as STALE_ETAG; empty for an error of the network or
// of another program. Expect reasons that you do not know: act on the status code of the error then.
func Reason(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == domain {
			return info.GetReason()
		}
	}
	return ""
}
