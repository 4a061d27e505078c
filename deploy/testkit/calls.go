package testkit

import (
	"context"
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/loopback/porttest"
)

// Must returns a value, and panics on an error. It is for what can only fail if the test is wrong.
func Must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Refusal returns the error of a call and drops its answer.
func Refusal[T any](_ T, err error) error { return err }

// Insist repeats a call, with the same request_id, until it is answered. Only unavailability is
// repeated, for at most three minutes; any other error fails the test.
func Insist[Request, Response any](t testing.TB, ctx context.Context, call func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) Response {
	t.Helper()
	for until := time.Now().Add(3 * time.Minute); ; {
		response, err := call(ctx, request, grpc.WaitForReady(true))
		reason := fault.ReasonOf(err)
		if err == nil {
			return response
		}
		if reason != "" && reason != fault.Unavailable || time.Now().After(until) {
			t.Error(err)
			return response
		}
		<-time.After(5 * time.Millisecond)
	}
}

// Eventually waits until a condition holds of which no signal tells. It fails the test after 20
// seconds.
func Eventually(t testing.TB, holds func() bool) {
	t.Helper()
	for timeout := time.After(20 * time.Second); !holds(); {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-timeout:
			t.Fatal("the condition did not come to hold")
		}
	}
}

// Dial returns a connection without TLS to an address, with or without the scheme http. It tries
// again within 200 ms after the other end is gone.
func Dial(t testing.TB, address string) *grpc.ClientConn {
	t.Helper()
	return dial(t, address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond}, MinConnectTimeout: time.Second}))
}

// DialTLS returns a connection by TLS.
func DialTLS(t testing.TB, address string, config *tls.Config) *grpc.ClientConn {
	t.Helper()
	return dial(t, address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
}

func dial(t testing.TB, address string, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(TrimScheme(address), append(options, leaktest.DialOption())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TrimScheme returns an address such as http://127.0.0.1:8080 without its scheme.
func TrimScheme(address string) string { return strings.TrimPrefix(address, "http://") }

// FreeAddress returns an address of this machine at which nothing listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	return porttest.Address(porttest.Free(t))
}
