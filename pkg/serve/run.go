package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"koppi.internal/pkg/telemetry"
)

const (
	// DrainTime bounds the graceful end: calls under way may finish until then.
	DrainTime = 10 * time.Second
	// Slow clients are cut: a header comes whole within this time.
	readHeaderTimeout = 5 * time.Second
	maxHeaderBytes    = 32 << 10
	// A standing stream ends by itself within an hour; one whose reader does not
	// even take its end is cut. Reading has the same bound, so that each HTTP/2 stream
	// has its timer from the first: net/http would make a new one for a stream that has
	// ended before its handler sets a time, and keep the stream until then.
	writeTimeout = 65 * time.Minute
	readTimeout  = writeTimeout
	memoryBuffer = 1 << 20
	// webStreams is how many calls and streams one connection from outside carries;
	// clients open another one for more.
	webStreams = 250
	// webFrame and the windows are what a connection and a stream may hold here unread.
	webFrame        = 64 << 10
	webStreamWindow = 256 << 10
	webConnWindow   = 1 << 20
	// A connection whose other end takes nothing at all is cut.
	webWriteTime = 30 * time.Second
)

// Memory is a listener within the process: what listens behind it is served as
// over the network, handlers, interceptors and all.
func Memory() *bufconn.Listener { return bufconn.Listen(memoryBuffer) }

// Windows of a caller's streams: what a reader does not take waits at the service,
// and not at who passes it on.
const (
	StreamWindow = 64 << 10
	ConnWindow   = 16 << 20
)

// Connect leads to what is served behind an in-memory listener.
func Connect(listener *bufconn.Listener) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///koppi", telemetry.Calls(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(2*MaxMessage)),
		grpc.WithStaticStreamWindowSize(StreamWindow), grpc.WithStaticConnWindowSize(ConnWindow),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		return nil, fmt.Errorf("in-memory connection: %w", err)
	}
	return conn, nil
}

// GRPC serves on all listeners until the context ends and then lets calls under way
// finish.
func GRPC(ctx context.Context, server *Server, listeners ...net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, listener := range listeners {
		group.Go(func() error {
			err := server.Serve(listener)
			// Told to end before it began: that is an end in order.
			if errors.Is(err, grpc.ErrServerStopped) && ctx.Err() != nil {
				return nil
			}
			return err
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		server.Health.Shutdown()
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			server.GracefulStop()
		}()
		select {
		case <-drained:
		case <-time.After(DrainTime):
			server.Stop()
			<-drained
		}
		return nil
	})
	return group.Wait()
}

// HTTP serves a handler over HTTP/1.1 and HTTP/2, unencrypted where the listener is so,
// until the context ends and then lets calls under way finish. How long a body may
// take the handler says, since only it knows what is a stream.
func HTTP(ctx context.Context, logger *slog.Logger, handler http.Handler, listener net.Listener) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: -1, ConnState: (&idle{limit: idleLimit}).follow, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, MaxHeaderBytes: maxHeaderBytes,
		Protocols: new(http.Protocols), ErrorLog: slog.NewLogLogger(telemetry.Unaddressed(logger.Handler()), slog.LevelWarn),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: webStreams, MaxReadFrameSize: webFrame, MaxReceiveBufferPerStream: webStreamWindow, MaxReceiveBufferPerConnection: webConnWindow,
			SendPingTimeout: pingEvery, PingTimeout: pingTime, WriteByteTimeout: webWriteTime,
		},
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), DrainTime)
		defer cancel()
		if err := server.Shutdown(bounded); err != nil {
			return server.Close()
		}
		return nil
	})
	return group.Wait()
}
