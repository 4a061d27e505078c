// Package gateway merges what operators see of all services.
package gateway

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/telemetry"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	operatorv1 "koppi.internal/proto/gen/koppi/operator/v1"
)

// Operator implements OperatorService.
type Operator struct {
	operatorv1.UnimplementedOperatorServiceServer

	Services  fanout.Services
	Directory *directory.Directory
	// Recent keeps the spans of a trial installation; nil where a collector has them.
	Recent *telemetry.Recent
	// Endpoints are the endpoints that the gateway calls.
	Endpoints Endpoints
	// ReviewsOverdue counts the emergency readings that nobody has reviewed in time.
	ReviewsOverdue func() int32
}

// Endpoints are the agencies' endpoints, as this process of the gateway knows them.
type Endpoints interface {
	// List returns the endpoints of all agencies that are called.
	List() []*operatorv1.Endpoint
	// CallNow asks for a call of an agency's endpoint at once. It reports whether the agency has an
	// endpoint, and whether this process is the one that calls it; if not, nothing happens.
	CallNow(agency string) (known, leads bool)
}

func isOperator(ctx context.Context) error {
	who, err := caller.Of(ctx)
	if err != nil {
		return err
	}
	if who.Role != identity.RoleOperator {
		return fault.New(fault.RoleNotAllowed, "only an operator can read this")
	}
	return nil
}

// GetOverview merges the overviews of all services: open matters, matters in which something is
// past due (the most pressing first), the readers of mailboxes, and unreviewed grounds. It adds the endpoints that this
// gateway calls, and the agencies whose people read all of the agency. Its time is the earliest clock of any service. It fails if the caller is not an
// operator, or a service does not answer.
func (o *Operator) GetOverview(ctx context.Context, _ *operatorv1.GetOverviewRequest) (*operatorv1.GetOverviewResponse, error) {
	if err := isOperator(ctx); err != nil {
		return nil, err
	}
	_, parts, err := fanout.Ask(identity.Forward(ctx), o.Services, func(
		ctx context.Context, _ string, service caseworkv1.SuiteServiceClient,
	) (*caseworkv1.OverseeResponse, error) {
		return service.Oversee(ctx, &caseworkv1.OverseeRequest{})
	})
	if err != nil {
		return nil, err
	}
	response := &operatorv1.GetOverviewResponse{
		Endpoints: o.Endpoints.List(), AgencyWide: o.Directory.AgencyWide(), ReviewsOverdue: o.ReviewsOverdue(), WallNow: timestamppb.New(time.Now()), //nolint:forbidigo // operators watch the wall clock
	}
	for _, part := range parts {
		if response.Now == nil || part.GetNow().AsTime().Before(response.GetNow().AsTime()) {
			response.Now = part.GetNow()
		}
		response.Open = append(response.Open, part.GetOpen()...)
		response.Silent = append(response.Silent, part.GetSilent()...)
		response.Readers = append(response.Readers, part.GetReaders()...)
		response.UnreviewedGrounds = append(response.UnreviewedGrounds, part.GetUnreviewedGrounds()...)
	}
	response.UnreviewedGrounds = eachOnce(response.GetUnreviewedGrounds())
	slices.SortStableFunc(response.Silent, func(a, b *operatorv1.SilentLoop) int {
		return cmp.Or(cmp.Compare(pressing(a), pressing(b)), a.GetDueAt().AsTime().Compare(b.GetDueAt().AsTime()))
	})
	return response, nil
}

// eachOnce returns each ground once, by key: several services may have used it.
func eachOnce(grounds []*operatorv1.UnreviewedGround) []*operatorv1.UnreviewedGround {
	slices.SortStableFunc(grounds, func(a, b *operatorv1.UnreviewedGround) int { return cmp.Compare(a.GetKey(), b.GetKey()) })
	return slices.CompactFunc(grounds, func(a, b *operatorv1.UnreviewedGround) bool { return a.GetKey() == b.GetKey() })
}

// pressing is the order of silent matters: emergencies that nobody has touched first, then urgent
// untouched ones, then the others.
func pressing(matter *operatorv1.SilentLoop) commonv1.Urgency {
	if matter.GetUrgency() == commonv1.Urgency_URGENCY_UNSPECIFIED {
		return commonv1.Urgency_URGENCY_NORMAL
	}
	return matter.GetUrgency()
}

// DeliverNow has an agency's endpoint called at once, if this process is the one that calls it. It fails
// if the caller is not an operator, or the agency is not called at an endpoint.
func (o *Operator) DeliverNow(ctx context.Context, r *operatorv1.DeliverNowRequest) (*operatorv1.DeliverNowResponse, error) {
	if err := isOperator(ctx); err != nil {
		return nil, err
	}
	known, leads := o.Endpoints.CallNow(r.GetAgency())
	if !known {
		return nil, fault.New(fault.NotFound, "the agency has no endpoint")
	}
	return &operatorv1.DeliverNowResponse{Asked: leads}, nil
}

// ListSpans returns the spans of a subject that this process still keeps. It fails with NOT_SERVED
// where a collector has them.
func (o *Operator) ListSpans(ctx context.Context, r *operatorv1.ListSpansRequest) (*operatorv1.ListSpansResponse, error) {
	if err := isOperator(ctx); err != nil {
		return nil, err
	}
	if o.Recent == nil {
		return nil, fault.New(fault.NotServed, "this server keeps no traces; read them from the collector")
	}
	response := &operatorv1.ListSpansResponse{}
	for _, span := range o.Recent.Of(r.GetSubject()) {
		response.Spans = append(response.Spans, spanMessage(span))
	}
	return response, nil
}

func spanMessage(span sdk.ReadOnlySpan) *operatorv1.Span {
	message := &operatorv1.Span{
		TraceId: span.SpanContext().TraceID().String(), SpanId: span.SpanContext().SpanID().String(), Name: span.Name(),
		StartedAt: timestamppb.New(span.StartTime()), Took: durationpb.New(max(0, span.EndTime().Sub(span.StartTime()).Round(time.Microsecond))),
		Attributes: map[string]string{}, Failed: span.Status().Code == codes.Error,
	}
	if span.Parent().SpanID().IsValid() {
		message.ParentSpanId = span.Parent().SpanID().String()
	}
	for _, attribute := range span.Attributes() {
		message.Attributes[string(attribute.Key)] = attribute.Value.String()
	}
	for _, link := range span.Links() {
		message.LinkedTraceIds = append(message.LinkedTraceIds, link.SpanContext.TraceID().String())
	}
	return message
}
