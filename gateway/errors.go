package gateway

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
)

// fromStatus converts a service's gRPC status, with its details, into a Connect error; no other
// code does. A status without a reason of ours comes from the transport and not from the service,
// and gets a reason here.
func fromStatus(err error) error {
	if fault.ReasonOf(err) == "" {
		switch status.Code(err) {
		case codes.Canceled, codes.DeadlineExceeded:
		case codes.ResourceExhausted:
			err = fault.New(fault.TooLarge, "the message is too large")
		case codes.Unavailable:
			err = fault.New(fault.Unavailable, "the service does not answer")
		default:
			err = fault.New(fault.Internal, "the service answered what it should not")
		}
	}
	from := status.Convert(err)
	to := connect.NewError(connect.Code(from.Code()), from.Message())
	for _, detail := range from.Proto().GetDetails() {
		name := detail.GetTypeUrl()
		to = to.WithDetail(&connect.ErrorDetail{Type: name[strings.LastIndexByte(name, '/')+1:], Value: detail.GetValue()})
	}
	return to
}

// refuse converts a service's refusal of a call. It also sets the Retry-After header, for callers
// that do not read error details.
func refuse(ctx context.Context, err error) error {
	if after := retryAfter(err); after != "" {
		if info, ok := connect.CallInfoForServerContext(ctx); ok {
			info.ResponseHeader().Set(retryAfterHeader, after)
		}
	}
	return fromStatus(err)
}

const retryAfterHeader = "Retry-After"

// retryAfter is the value of the Retry-After header: whole seconds, rounded up so that it is never
// less than the refusal asks for. It is empty where the refusal names no time.
func retryAfter(err error) string {
	wait := fault.RetryAfterOf(err)
	if wait <= 0 {
		return ""
	}
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// position matches the line and column of a JSON error. Only that is passed on, and nothing of the
// text that stood there.
var position = regexp.MustCompile(`\(line \d+:\d+\)`)

// readError converts an error of reading a client's message into a refusal. A cancelled or expired
// context is returned as it is.
func readError(err error) error {
	var wrong *misfitError
	switch connect.CodeOf(err) {
	case connect.CodeInvalidArgument:
		if errors.As(err, &wrong) {
			return fromStatus(fault.New(fault.InvalidField, "a field of the request does not fit: %s", wrong).Field(wrong.path, wrong.want))
		}
		where := position.FindString(err.Error())
		return fromStatus(fault.New(fault.InvalidField, "the message could not be read %s", where))
	case connect.CodeResourceExhausted:
		return fromStatus(fault.New(fault.TooLarge, "the message is too large"))
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fromStatus(fault.New(fault.InvalidField, "the request ended before its message"))
}

// refusal makes a handler that answers with an error in the protocol of the caller.
func refusal(err error, options []connecthttp.Option) http.HandlerFunc {
	writer := connecthttp.NewErrorWriter(options...)
	code := http.StatusNotFound
	if fault.ReasonOf(err) == fault.Busy {
		code = http.StatusTooManyRequests
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if after := retryAfter(err); after != "" {
			w.Header().Set(retryAfterHeader, after)
		}
		if !writer.IsSupported(r) {
			http.Error(unstored{w}, err.Error(), code)
			return
		}
		_ = writer.Write(w, r, fromStatus(err))
	}
}
