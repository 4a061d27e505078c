package gateway

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
)

// fromStatus is the one place where a service's status becomes a Connect error,
// details and all. A status without a reason comes from the way to the service
// and not from it.
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

// refuse passes on a service's refusal of a call. How long to wait goes into a header too, for
// who reads no details.
func refuse(ctx context.Context, err error) error {
	if after := retryAfter(err); after != "" {
		if info, ok := connect.CallInfoForServerContext(ctx); ok {
			info.ResponseHeader().Set(retryAfterHeader, after)
		}
	}
	return fromStatus(err)
}

const retryAfterHeader = "Retry-After"

// retryAfter is the header's value: whole seconds, no fewer than the refusal asks for;
// empty where it does not ask.
func retryAfter(err error) string {
	wait := fault.RetryAfterOf(err)
	if wait <= 0 {
		return ""
	}
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// place is where in a JSON text something was wrong. What stood there is not told.
var place = regexp.MustCompile(`\(line \d+:\d+\)`)

// received refuses what could not be read from a client.
func received(err error) error {
	var wrong *misfitError
	switch connect.CodeOf(err) {
	case connect.CodeInvalidArgument:
		if errors.As(err, &wrong) {
			return fromStatus(fault.New(fault.InvalidField, "a field of the request does not fit: %s", wrong).Field(wrong.path, wrong.want))
		}
		where := place.FindString(err.Error())
		return fromStatus(fault.New(fault.InvalidField, "the message could not be read %s", where))
	case connect.CodeResourceExhausted:
		return fromStatus(fault.New(fault.TooLarge, "the message is too large"))
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fromStatus(fault.New(fault.InvalidField, "the request ended before its message"))
}
