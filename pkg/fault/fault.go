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

// Domain is ErrorInfo.domain of every refusal.
const Domain = "koppi"

// Error is a refusal. Its text is for people and must hold nothing of what was
// sent: no identity code, no free text, no token.
type Error struct {
	reason   Reason
	message  string
	metadata map[string]string
	fields   []*errdetails.BadRequest_FieldViolation
	// advice in place of the reason's, where that does not help here.
	advice string
	// after is how long to wait before a repetition; zero where waiting does not help.
	after time.Duration
}

// New refuses for a reason of the list; the message says what was wrong.
func New(reason Reason, format string, args ...any) *Error {
	if _, known := table[reason]; !known {
		reason = Internal
	}
	return &Error{reason: reason, message: fmt.Sprintf(format, args...)}
}

// With adds a machine-readable fact, such as the steps that are allowed.
func (e *Error) With(key, value string) *Error {
	with := *e
	with.metadata = maps.Clone(e.metadata)
	if with.metadata == nil {
		with.metadata = map[string]string{}
	}
	with.metadata[key] = value
	return &with
}

// Field names a field of the request that is wrong, and how.
func (e *Error) Field(path, description string) *Error {
	with := *e
	with.fields = append(with.fields[:len(with.fields):len(with.fields)],
		&errdetails.BadRequest_FieldViolation{Field: path, Description: description})
	return &with
}

// Advise says what to do where the reason's own advice does not fit.
func (e *Error) Advise(advice string) *Error {
	with := *e
	with.advice = advice
	return &with
}

// RetryAfter says how long to wait before trying again.
func (e *Error) RetryAfter(wait time.Duration) *Error {
	with := *e
	with.after = wait
	return &with
}

// Reason of the refusal.
func (e *Error) Reason() Reason { return e.reason }

// Code is the gRPC status code of the refusal's reason.
func (e *Error) Code() codes.Code { return table[e.reason].code }

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s", e.message, cmp.Or(e.advice, table[e.reason].advice))
}

// GRPCStatus lets grpc carry the refusal over the wire, details and all.
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

// ReasonOf tells the reason of an error, here or from over the wire; empty when
// it has none.
func ReasonOf(err error) Reason {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.reason
	}
	return Reason(infoOf(err).GetReason())
}

// MetadataOf is what a refusal says for programs, here or from over the wire.
func MetadataOf(err error) map[string]string { return infoOf(err).GetMetadata() }

// RetryAfterOf is how long a refusal asks to wait, here or from over the wire; 0 where it
// does not.
func RetryAfterOf(err error) time.Duration {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// infoOf is the ErrorInfo that an error carries; nil where it has none of ours.
func infoOf(err error) *errdetails.ErrorInfo {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == Domain {
			return info
		}
	}
	return nil
}

// Store turns a failure of a store into a refusal that invites a repetition; the
// caller's own cancellation or deadline stays what it is. The cause stays within,
// for the log.
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

// Scrub turns any error into one that may leave the process: refusals and
// statuses that carry a reason pass, a caller's own cancellation or deadline
// stays what it is, here and behind; everything else becomes INTERNAL without its
// text.
func Scrub(err error) error {
	switch {
	case err == nil:
		return nil
	case ReasonOf(err) != "":
		return bare(err)
	case errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled:
		return status.Error(codes.Canceled, "the call was cancelled")
	case errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded:
		return status.Error(codes.DeadlineExceeded, "the deadline passed; the same request_id tells what became of it")
	case status.Code(err) == codes.Unavailable:
		// A service behind this one is gone.
		return New(Unavailable, "the service does not answer")
	default:
		return New(Internal, "something went wrong here")
	}
}

// bare drops what was wrapped around a refusal: the cause is for the log alone.
func bare(err error) error {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal
	}
	return err
}
