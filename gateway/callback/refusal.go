package callback

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
)

// refusal is an endpoint's answer to a whole call, which says nothing of its messages. Its text
// repeats nothing of the answer, which may quote what the endpoint was sent.
type refusal struct {
	code codes.Code
	// after is how long the endpoint asks to wait; zero where it does not ask.
	after time.Duration
	// status is the HTTP status of the answer; zero over gRPC.
	status int
	said   string
}

func (r *refusal) Error() string { return r.said }

// codeOf converts an HTTP status: InvalidArgument where the endpoint did not understand the call,
// and Unavailable for all others.
func codeOf(status int) codes.Code {
	switch status {
	case http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return codes.InvalidArgument
	default:
		return codes.Unavailable
	}
}

// retryAfter parses a Retry-After header (RFC 9110 § 10.2.3), which holds seconds or a date. It is
// never negative; zero where the header is neither.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// refusalOf is the endpoint's refusal of a whole call; one with code Unknown where the endpoint
// gave no answer.
func refusalOf(err error) *refusal {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused
	}
	return &refusal{code: codes.Unknown}
}
