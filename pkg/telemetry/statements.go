package telemetry

import (
	"context"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"
)

// Statements returns a tracer that makes spans of the statements of a PostgreSQL connection, without their
// values; nil if this process makes no traces.
func Statements() pgx.QueryTracer {
	if !started.Load() {
		return nil
	}
	return statements{otelpgx.NewTracer(otelpgx.WithDisableAcquireTracer(), otelpgx.WithDisableConnectionDetailsInAttributes())}
}

// statements names batches by OpenTelemetry's conventions.
type statements struct{ *otelpgx.Tracer }

func (s statements) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	ctx = s.Tracer.TraceBatchStart(ctx, conn, data)
	trace.SpanFromContext(ctx).SetName("BATCH")
	return ctx
}
