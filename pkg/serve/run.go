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
	// DrainTime is how long calls in progress may take to finish at shutdown.
	DrainTime = 10 * time.Second
	// readHeaderTimeout is the read deadline for a request's header. Slow clients are disconnected.
	readHeaderTimeout = 5 * time.Second
	maxHeaderBytes    = 32 << 10
	// writeTimeout is longer than the life of a stream, which ends by itself within an hour; a stream whose
	// reader does not take even its end is cut. Reading has the same limit, so that each HTTP/2 stream has
	// its timer from the start. Otherwise net/http would make a new timer for a stream that has ended before
	// its handler sets a deadline, and keep the stream until the timer fires.
	writeTimeout = 65 * time.Minute
	readTimeout  = writeTimeout
	memoryBuffer = 1 << 20
	// webStreams is the most calls and streams of one connection from outside. A client opens another
	// connection for more.
	webStreams = 250
	// webFrame and the windows limit how many bytes of a connection and of a stream may wait unread here.
	webFrame        = 64 << 10
	webStreamWindow = 256 << 10
	webConnWindow   = 1 << 20
	// A connection whose client takes no data for this long is cut.
	webWriteTime = 30 * time.Second
)

// Memory returns an in-memory listener. A server on it works as over the network, with all handlers and
// interceptors.
func Memory() *bufconn.Listener { return bufconn.Listen(memoryBuffer) }

// Flow control windows of a caller's streams. Data that a reader does not take waits at the service and not
// at an intermediary.
const (
	StreamWindow = 64 << 10
	ConnWindow   = 16 << 20
)

// Connect returns a connection to the server on an in-memory listener.
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

// GRPC serves on all listeners until the context ends, and then lets calls in progress finish within
// DrainTime.
func GRPC(ctx context.Context, server *Server, listeners ...net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, listener := range listeners {
		group.Go(func() error {
			err := server.Serve(listener)
			// The server was stopped before it started to serve, which is a regular end.
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

// HTTP serves a handler over HTTP/1.1 and HTTP/2 until the context ends, and then lets calls in progress
// finish. It uses no TLS of its own; the listener decides. The handler sets the deadline for a body, because
// only it knows which requests are streams.
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
