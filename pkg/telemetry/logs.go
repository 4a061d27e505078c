package telemetry

import (
	"context"
	"log/slog"
	"regexp"

	"go.opentelemetry.io/otel/trace"
)

// Logs wraps a handler so that each line names its trace.
func Logs(handler slog.Handler) slog.Handler { return traced{handler} }

type traced struct{ slog.Handler }

func (t traced) Handle(ctx context.Context, record slog.Record) error {
	if at := trace.SpanContextFromContext(ctx); at.IsValid() {
		record.AddAttrs(slog.String("trace_id", at.TraceID().String()), slog.String("span_id", at.SpanID().String()))
	}
	return t.Handler.Handle(ctx, record)
}

func (t traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{t.Handler.WithAttrs(attrs)} }

func (t traced) WithGroup(name string) slog.Handler { return traced{t.Handler.WithGroup(name)} }

// failures logs errors that OpenTelemetry cannot return to a caller. Otherwise OpenTelemetry would write its
// own lines to standard error, where log readers expect JSON.
type failures struct{ logger *slog.Logger }

// Handle logs a failure.
func (f failures) Handle(err error) {
	f.logger.LogAttrs(context.Background(), slog.LevelWarn, "telemetry failed", slog.String("error", err.Error()))
}

// Unaddressed wraps a handler for a library's log so that it removes the addresses of connections: no log may
// contain a client's address.
func Unaddressed(handler slog.Handler) slog.Handler { return unaddressed{handler} }

type unaddressed struct{ slog.Handler }

// address matches an IPv4 address, or an IPv6 address in brackets, with or without a port.
var address = regexp.MustCompile(`(\[[0-9A-Fa-f:.]+(%[^\]\s]*)?\]|\b\d{1,3}(\.\d{1,3}){3})(:\d+)?`)

func (u unaddressed) Handle(ctx context.Context, record slog.Record) error {
	record.Message = address.ReplaceAllString(record.Message, "a client")
	return u.Handler.Handle(ctx, record)
}

func (u unaddressed) WithAttrs(attrs []slog.Attr) slog.Handler {
	return unaddressed{u.Handler.WithAttrs(attrs)}
}

func (u unaddressed) WithGroup(name string) slog.Handler {
	return unaddressed{u.Handler.WithGroup(name)}
}
