package fault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"koppi.internal/pkg/journal"
)

// Domain is the ErrorInfo.domain of every refusal.
const Domain = "koppi"

// Error is a refusal. Its text is for people and must contain nothing of the request: no identity code, no
// free text, no token.
type Error struct {
	reason   Reason
	message  string
	metadata map[string]string
	fields   []*errdetails.BadRequest_FieldViolation
	// advice replaces the advice of the reason if that does not fit.
	advice string
	// after is how long to wait before a retry; zero if waiting does not help.
	after time.Duration
}

// New returns a refusal with a reason of the list. The message says what was wrong.
func New(reason Reason, format string, args ...any) *Error {
	if _, known := table[reason]; !known {
		reason = Internal
	}
	return &Error{reason: reason, message: fmt.Sprintf(format, args...)}
}

// With adds a machine-readable fact, such as the allowed steps.
func (e *Error) With(key, value string) *Error {
	with := *e
	with.metadata = maps.Clone(e.metadata)
	if with.metadata == nil {
		with.metadata = map[string]string{}
	}
	with.metadata[key] = value
	return &with
}

// Field adds a request field that is wrong, and a description of the problem.
func (e *Error) Field(path, description string) *Error {
	with := *e
	with.fields = append(with.fields[:len(with.fields):len(with.fields)],
		&errdetails.BadRequest_FieldViolation{Field: path, Description: description})
	return &with
}

// Advise replaces the advice of the reason if that does not fit.
func (e *Error) Advise(advice string) *Error {
	with := *e
	with.advice = advice
	return &with
}

// RetryAfter sets how long to wait before a retry.
func (e *Error) RetryAfter(wait time.Duration) *Error {
	with := *e
	with.after = wait
	return &with
}

// Reason returns the reason of the refusal.
func (e *Error) Reason() Reason { return e.reason }

// Code returns the gRPC status code of the reason.
func (e *Error) Code() codes.Code { return table[e.reason].code }

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s", e.message, cmp.Or(e.advice, table[e.reason].advice))
}

// GRPCStatus returns the refusal as a gRPC status with all details.
func (e *Error) GRPCStatus() *status.Status {
	details := []protoadapt.MessageV1{
		&errdetails.ErrorInfo{Reason: string(e.reason), Domain: Domain, Metadata: e.metadata},
	}
	if len(e.fields) > 0 {
		details = append(details, &errdetails.BadRequest{FieldViolations: e.fields})
	}
	if e.after > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.after)})
	}
	plain := status.New(e.Code(), e.Error())
	full, err := plain.WithDetails(details...)
	if err != nil {
		return plain
	}
	return full
}

// ReasonOf returns the reason of an error from this process or from a gRPC status; empty if it has none.
func ReasonOf(err error) Reason {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.reason
	}
	return Reason(infoOf(err).GetReason())
}

// MetadataOf returns the machine-readable facts of a refusal from this process or from a gRPC status.
func MetadataOf(err error) map[string]string { return infoOf(err).GetMetadata() }

// RetryAfterOf returns how long a refusal asks to wait, from this process or from a gRPC status; 0 if it does
// not.
func RetryAfterOf(err error) time.Duration {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// infoOf returns Koppi's ErrorInfo of an error; nil if it has none.
func infoOf(err error) *errdetails.ErrorInfo {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == Domain {
			return info
		}
	}
	return nil
}

// Store turns an error of a store into a refusal that allows a retry. The caller's own cancellation or
// deadline is returned as it is. The cause stays wrapped, for the log.
func Store(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	what := "the journal did not answer"
	if errors.Is(err, journal.ErrFull) {
		what = "the journal's disk is full"
	}
	return fmt.Errorf("%w (%w)", New(Unavailable, "%s", what), err)
}

// Scrub turns any error into one that may leave the process. Refusals, and statuses with a reason, pass. The
// caller's own cancellation or deadline passes, from this process and from services behind it. Everything
// else becomes INTERNAL without its text.
func Scrub(err error) error {
	switch {
	case err == nil:
		return nil
	case ReasonOf(err) != "":
		return bare(err)
	case errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled:
		return status.Error(codes.Canceled, "the call was cancelled")
	case errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded:
		return status.Error(codes.DeadlineExceeded, "the deadline has passed; repeat the request with the same request_id to get its result")
	case status.Code(err) == codes.Unavailable:
		// A service behind this one is unavailable.
		return New(Unavailable, "the service does not answer")
	default:
		return New(Internal, "an internal error occurred")
	}
}

// bare removes what a refusal wraps: the cause is only for the log.
func bare(err error) error {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal
	}
	return err
}
