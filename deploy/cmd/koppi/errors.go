package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
)

// carried is an error that came over gRPC.
type carried interface {
	error
	GRPCStatus() *status.Status
}

// errorText formats an error for people: errors that came over gRPC appear without gRPC's prefix.
func errorText(err error) string {
	text := err.Error()
	for _, one := range allCarried(err) {
		text = strings.ReplaceAll(text, one.Error(), callErrorText(one))
	}
	return text
}

// allCarried returns the gRPC errors within an error.
func allCarried(err error) []carried {
	var all []carried
	switch within := err.(type) { //nolint:errorlint // each layer is looked at
	case nil:
		return nil
	case carried:
		return []carried{within}
	case interface{ Unwrap() error }:
		return allCarried(within.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range within.Unwrap() {
			all = append(all, allCarried(one)...)
		}
	}
	return all
}

// callErrorText formats one gRPC error: a refusal by Koppi with its message and the fields it names. An
// error without a reason of Koppi's comes from the connection or from another server.
func callErrorText(err carried) string {
	from := err.GRPCStatus()
	if fault.ReasonOf(err) != "" {
		return from.Message() + fields(from)
	}
	cause := strings.TrimPrefix(strings.TrimPrefix(from.Message(), `connection error: desc = "`), "transport: ")
	cause = strings.TrimSuffix(cause, `"`)
	switch from.Code() {
	case codes.Unavailable:
		return fmt.Sprintf("Koppi does not answer at this address; check that it is running and that --address is right (%s)", cause)
	case codes.DeadlineExceeded:
		return "Koppi did not answer in time; try again"
	case codes.Canceled:
		return "interrupted before Koppi answered"
	default:
		return fmt.Sprintf("the server at this address is not Koppi, or is another version (%s)", cause)
	}
}

// fields lists the invalid fields of a request, with the reason; empty if none is named.
func fields(from *status.Status) string {
	var text strings.Builder
	for _, detail := range from.Details() {
		if wrong, is := detail.(*errdetails.BadRequest); is {
			for _, field := range wrong.GetFieldViolations() {
				text.WriteString("; " + field.GetField() + ": " + field.GetDescription())
			}
		}
	}
	return text.String()
}

// located parses the address given with --address.
func located(address string) (*url.URL, error) {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, fmt.Errorf("--address %s: write http://host:port or https://host", address)
	}
	return target, nil
}

// tokenOf reads a token from a file.
func tokenOf(path string) (string, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the caller's
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		// Without the content: it may be another secret.
		return "", errors.New("--token-file: the file contains no token: a token is one line without spaces")
	}
	return token, nil
}
