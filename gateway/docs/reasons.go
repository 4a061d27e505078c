package docs

import (
	"html/template"
	"slices"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc/codes"

	"koppi.internal/pkg/fault"
)

// reasonView is one reason for which Koppi refuses.
type reasonView struct {
	Reason, Code, Advice string
	Status               int
}

// connectStatus is the HTTP status with which Connect answers each code (JSON over POST).
var connectStatus = map[codes.Code]int{
	codes.Canceled: 499, codes.Unknown: 500, codes.InvalidArgument: 400, codes.DeadlineExceeded: 504, codes.NotFound: 404,
	codes.AlreadyExists: 409, codes.PermissionDenied: 403, codes.ResourceExhausted: 429, codes.FailedPrecondition: 400, codes.Aborted: 409,
	codes.OutOfRange: 400, codes.Unimplemented: 501, codes.Internal: 500, codes.Unavailable: 503, codes.DataLoss: 500, codes.Unauthenticated: 401,
}

// reasonViews are all reasons, by name.
func reasonViews() []reasonView {
	var all []reasonView
	for _, reason := range fault.Reasons() {
		code := fault.New(reason, "").Code()
		all = append(all, reasonView{Reason: string(reason), Code: connect.Code(code).String(), Status: connectStatus[code], Advice: fault.AdviceOf(reason)})
	}
	slices.SortFunc(all, func(a, b reasonView) int { return strings.Compare(a.Reason, b.Reason) })
	return all
}

// reasons makes the page of the reasons of refusals.
func (s *site) reasons() (template.HTML, error) { return s.rendered("reasons.html", reasonViews()) }
