package telemetry

import (
	"context"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"
)

// Statements makes spans of the statements of a connection to PostgreSQL, never of their
// values; nil where nobody sees them.
func Statements() pgx.QueryTracer {
	if !started.Load() {
		return nil
	}
	return statements{otelpgx.NewTracer(otelpgx.WithDisableAcquireTracer(), otelpgx.WithDisableConnectionDetailsInAttributes())}
}

// statements names a batch as the conventions have it.
type statements struct{ *otelpgx.Tracer }

func (s statements) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	ctx = s.Tracer.TraceBatchStart(ctx, conn, data)
	trace.SpanFromContext(ctx).SetName("BATCH")
	return ctx
}
