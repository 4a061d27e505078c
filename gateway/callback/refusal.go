package callback

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
)

// refusal is an answer of an endpoint to a whole call, that says nothing of its messages. Its
// text repeats nothing that the endpoint said: that may quote what it was sent.
type refusal struct {
	code codes.Code
	// after is how long the endpoint asks to be left alone; zero where it does not.
	after time.Duration
	said  string
}

func (r *refusal) Error() string { return r.said }

// codeOf reads a status of HTTP: whether the endpoint did not understand what it was sent.
func codeOf(status int) codes.Code {
	switch status {
	case http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return codes.InvalidArgument
	default:
		return codes.Unavailable
	}
}

// retryAfter reads the header of that name (RFC 9110 § 10.2.3): seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// refusalOf is the endpoint's refusal of a whole call; one without a code where it gave no answer.
func refusalOf(err error) *refusal {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused
	}
	return &refusal{code: codes.Unknown}
}
