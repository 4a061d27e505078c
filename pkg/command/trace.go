package command

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/telemetry"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// breaks counts each due time that passed, once.
var breaks = telemetry.Counter("koppi.loops.broken", "{break}", "Due times of loops that passed without what was due.")

// Outcomes of a command that is not refused.
const (
	recorded = "recorded"
	repeated = "repeated"
	nothing  = "nothing"
	conflict = "conflict"
)

// span is the trace of one attempt: a span from the rules to the append, linked to the earlier
// spans of the matter, with one child span for each message sent.
type span[S matter.State] struct {
	engine  *Engine[S]
	span    trace.Span
	outcome string
	agency  string
	sent    []trace.Span
}

// trace starts the span of an attempt.
func (e *Engine[S]) trace(ctx context.Context, target Target, world matter.World[S]) (context.Context, *span[S]) {
	before := make([]string, 0, len(world.Subjects))
	for _, history := range world.Subjects {
		before = append(before, history.Events[len(history.Events)-1].Trace)
	}
	slices.Sort(before)
	about := []attribute.KeyValue{telemetry.KeyService.String(e.Rules.Service), telemetry.KeyAgency.String(target.Agency)}
	if target.Starts || world.Subjects[target.Subject].Version > 0 {
		// Any other subject is only the caller's input.
		about = append(about, telemetry.KeySubject.String(target.Subject))
	}
	ctx, started := telemetry.Continued(ctx, "decide", slices.Compact(before), trace.WithAttributes(about...))
	return ctx, &span[S]{engine: e, span: started, outcome: recorded, agency: target.Agency}
}

// parent returns the traceparent under which the command is recorded: the attempt's, or the given
// one if the attempt is not traced.
func (s *span[S]) parent(otherwise string) string {
	return cmp.Or(telemetry.TraceparentOf(s.span), otherwise)
}

// sends starts a span for each message; the reader's span then follows from it.
func (s *span[S]) sends(ctx context.Context, batch journal.Batch) {
	if !s.span.IsRecording() {
		return
	}
	events := make([]string, 0, len(batch.Events))
	for _, event := range batch.Events {
		events = append(events, event.Type)
	}
	s.span.SetAttributes(telemetry.KeyEvent.StringSlice(events))
	for i := range batch.Deliveries {
		delivery := &batch.Deliveries[i]
		name, options := telemetry.Sending(delivery.Agency, delivery.ID, delivery.Subject)
		sent := telemetry.Within(ctx, name, options...)
		delivery.Trace = telemetry.TraceparentOf(sent)
		s.sent = append(s.sent, sent)
	}
}

// notified records that the readers of a mailbox were notified.
func (s *span[S]) notified(agency string) {
	s.span.AddEvent(telemetry.EventNotify, trace.WithAttributes(telemetry.KeyAgency.String(agency)))
}

func (s *span[S]) end(result Result[S], err error) {
	if !s.span.IsRecording() {
		return
	}
	var moved *journal.ConflictError
	switch {
	case errors.As(err, &moved):
		s.outcome = conflict
	case err != nil:
		s.outcome = cmp.Or(string(fault.ReasonOf(err)), string(fault.Internal))
	}
	for _, sent := range s.sent {
		if err != nil {
			sent.SetStatus(codes.Error, s.outcome)
		}
		sent.End()
	}
	s.span.SetAttributes(telemetry.KeyOutcome.String(s.outcome))
	if status := s.engine.statusFor(result.History, s.agency); status != nil {
		s.span.SetAttributes(about(status)...)
	}
	s.span.End()
}

// statusFor returns the matter's status as an agency sees it, or as the sender does if the agency
// is no reader; nil if neither is a reader.
func (e *Engine[S]) statusFor(history matter.History[S], agency string) *commonv1.LoopStatus {
	if history.Version == 0 {
		return nil
	}
	view, known := history.Views[agency]
	if !known {
		view, known = history.Views[history.State.Common().Sender.GetAgency()]
	}
	if !known {
		return nil
	}
	return e.Rules.Status(view.State, view.Reader)
}

func about(status *commonv1.LoopStatus) []attribute.KeyValue {
	return []attribute.KeyValue{
		telemetry.KeyPhase.String(status.GetPhase().String()), telemetry.KeyWaitingOn.String(status.GetWaitingOn().GetAgency()),
	}
}

// replayTrace writes the whole history of a matter whose due time passed as one trace, so that
// operators see it complete, whatever share of its traces was sampled.
func (e *Engine[S]) replayTrace(ctx context.Context, history matter.History[S]) {
	breaks.Add(ctx, 1, metric.WithAttributes(telemetry.KeyService.String(e.Rules.Service)))
	events := history.Events
	ctx, story := telemetry.Broken(ctx, "loop "+e.Rules.Service, events[0].At, trace.WithAttributes(
		telemetry.KeyService.String(e.Rules.Service), telemetry.KeySubject.String(events[0].Subject)))
	defer story.End(trace.WithTimestamp(events[len(events)-1].At))
	if !story.IsRecording() {
		return
	}
	so := matter.History[S]{}
	for i, event := range events {
		so, _ = e.Rules.Next(so, event)
		span := telemetry.Past(ctx, string(event.Message.ProtoReflect().Descriptor().FullName()), event.At, event.Trace,
			telemetry.KeyAgency.String(event.By.GetAgency()), telemetry.KeySubject.String(event.Subject))
		if status := e.statusFor(so, ""); status != nil {
			span.SetAttributes(about(status)...)
		}
		until := event.At
		if i+1 < len(events) {
			until = events[i+1].At
		}
		span.End(trace.WithTimestamp(until))
	}
}
