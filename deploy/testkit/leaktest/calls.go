package leaktest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// DialOption records the errors of a test's gRPC connection, with their details. It costs nothing where
// this process has no record.
func DialOption() grpc.DialOption {
	if current.Load() == nil {
		return grpc.EmptyDialOption{}
	}
	return grpc.WithStatsHandler(callErrors{})
}

type callErrors struct{}

func (callErrors) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (callErrors) HandleRPC(_ context.Context, s stats.RPCStats) {
	if end, ok := s.(*stats.End); ok && end.Error != nil {
		noteError(end.Error)
	}
}

func (callErrors) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (callErrors) HandleConn(context.Context, stats.ConnStats) {}

func noteError(err error) {
	from := status.Convert(err)
	Note(Error, fmt.Sprint(from.Message(), " ", from.Details()))
}

// Conn records the errors of calls over a connection that no test dials, such as one within a
// process.
func Conn(conn grpc.ClientConnInterface) grpc.ClientConnInterface { return recordedConn{conn} }

type recordedConn struct{ grpc.ClientConnInterface }

func (c recordedConn) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	err := c.ClientConnInterface.Invoke(ctx, method, in, out, options...)
	if err != nil {
		noteError(err)
	}
	return err
}

// RoundTripper records the URLs that a test's HTTP client requests, and the answers other than 200.
func RoundTripper() http.RoundTripper { return roundTripper{} }

type roundTripper struct{}

func (roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	Note(URL, r.URL.String())
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || response.StatusCode == http.StatusOK {
		return response, err
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	Note(Error, fmt.Sprint(response.Header, string(text)))
	response.Body = io.NopCloser(bytes.NewReader(text))
	return response, err
}
