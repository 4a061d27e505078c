// Package overview is what operators see of a service: its open matters, those in which something is past
// due, and the readers of its mailboxes, as metrics and for the operators' page.
package overview

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/telemetry"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	operatorv1 "koppi.internal/proto/gen/koppi/operator/v1"
)

// Metrics for operators. Each replica reports all matters of its service, so dashboards must take
// the maximum over replicas, not the sum.
var (
	mattersOpen      = telemetry.Gauge("koppi.loops.open", "{loop}", "Open matters, by the phase shown to their senders and the agency whose turn it is.")
	mattersOverdue   = telemetry.Gauge("koppi.loops.overdue", "{loop}", "Open matters with a due time that has passed.")
	mattersOldest    = telemetry.Gauge("koppi.loops.oldest", "s", "Age of the oldest open matter.")
	mattersUntouched = telemetry.Gauge("koppi.loops.untouched", "{loop}", "Urgent matters past their due time that no person of the receiver whose turn it is has touched, by urgency.")
	mailboxLag       = telemetry.Gauge("koppi.mailbox.lag", "{message}", "Messages of a mailbox that its reader has not acknowledged; if the agency has several readers, of the one furthest behind.")
	mailboxAge       = telemetry.Gauge("koppi.mailbox.age", "s", "Age of the oldest message that its reader has not acknowledged; if the agency has several readers, the oldest.")
	callbacksHeld    = telemetry.Gauge("koppi.callback.held", "{subject}", "Matters with a message that an endpoint refused for good and that waits to be delivered again.")
	storeUp          = telemetry.Gauge("koppi.store.up", "", "Whether the journal answers.")
)

// readTime is the time limit for reading the metrics.
const readTime = 5 * time.Second

// Overview is what operators see of one service: metrics, and the service's part of their page.
type Overview struct {
	Service   string
	Overviews journal.Overviews
	Counters  journal.Counters
	Store     journal.Store
	Directory *directory.Directory
	Grounds   *ground.Grounds
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Observe registers the metrics of this service until end is called.
func (o *Overview) Observe() (end func()) {
	reported, open := &reportedUntouched{of: map[untouchedBy]bool{}}, &countCache{count: o.Overviews.OpenMatters}
	return telemetry.Observe(func(ctx context.Context, observer metric.Observer) error {
		ctx, cancel := context.WithTimeout(ctx, readTime)
		defer cancel()
		service := telemetry.KeyService.String(o.Service)
		err := o.observed(ctx, observer, service, open, reported)
		up := 1.0
		if err != nil {
			up = 0
			o.Logger.WarnContext(ctx, "metrics of the journal cannot be read", slog.String("service", o.Service), slog.String("error", err.Error()))
		}
		observer.ObserveFloat64(storeUp, up, metric.WithAttributes(service))
		return nil
	}, mattersOpen, mattersOverdue, mattersOldest, mattersUntouched, mailboxLag, mailboxAge, callbacksHeld, storeUp)
}

func (o *Overview) observed(ctx context.Context, observer metric.Observer, service attribute.KeyValue, counts *countCache, reported *reportedUntouched) error {
	open, err := counts.at(ctx, o.Clock.Now())
	if err != nil {
		return err
	}
	for _, matters := range o.measured(open) {
		about := metric.WithAttributes(service, telemetry.KeyPhase.String(phaseName(matters.Phase)), telemetry.KeyWaitingOn.String(matters.WaitingOn))
		observer.ObserveFloat64(mattersOpen, float64(matters.Streams), about)
		observer.ObserveFloat64(mattersOverdue, float64(matters.Overdue), about)
		observer.ObserveFloat64(mattersOldest, o.Clock.Now().Sub(matters.Oldest).Seconds(), about)
	}
	untouched, err := o.Overviews.Untouched(ctx, o.Clock.Now())
	if err != nil {
		return err
	}
	for of, matters := range reported.with(o.untouched(untouched)) {
		observer.ObserveFloat64(mattersUntouched, float64(matters), metric.WithAttributes(service,
			telemetry.KeyWaitingOn.String(of.waitingOn), telemetry.KeyUrgency.String(commonv1.Urgency(of.urgency).String())))
	}
	readers, err := o.Overviews.Readers(ctx)
	if err != nil {
		return err
	}
	now := time.Now() //nolint:forbidigo // ids are made by the wall clock
	for of, lag := range o.lags(readers, now) {
		about := metric.WithAttributes(service, telemetry.KeyAgency.String(of.agency), telemetry.KeyReader.String(of.reader))
		observer.ObserveFloat64(mailboxLag, float64(lag.behind), about)
		observer.ObserveFloat64(mailboxAge, lag.age.Seconds(), about)
	}
	parked, err := o.Store.Parked(ctx, "")
	if err != nil {
		return err
	}
	held := map[string]int{}
	for _, one := range parked {
		held[o.listed(one.Agency)]++
	}
	for _, reader := range readers {
		// A count that fell to zero is reported as zero.
		agency := o.listed(reader.Agency)
		observer.ObserveFloat64(callbacksHeld, float64(held[agency]), metric.WithAttributes(service, telemetry.KeyAgency.String(agency)))
	}
	return nil
}

func phaseName(phase int32) string { return commonv1.LoopPhase(phase).String() }

// age returns how long the message that a reader must acknowledge next has waited; zero if there is
// none.
func age(reader journal.ReaderLag, now time.Time) time.Duration {
	since := madeAt(reader.Next)
	if since.IsZero() {
		return 0
	}
	return max(0, now.Sub(since))
}

// madeAt returns the time at which a UUIDv7 was made; zero if the text is none.
func madeAt(text string) time.Time {
	id, err := uuid.Parse(text)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(id.Time().UnixTime())
}

// maxSilent is the most silent matters that are reported at once.
const maxSilent = 100

// Oversee returns this service's part of the operators' overview.
func (o *Overview) Oversee(ctx context.Context, _ *caseworkv1.OverseeRequest) (*caseworkv1.OverseeResponse, error) {
	service := o.Service
	now := o.Clock.Now()
	open, err := o.Overviews.OpenMatters(ctx, now)
	if err != nil {
		return nil, fault.Store(err)
	}
	silent, err := o.Overviews.Silent(ctx, now, maxSilent)
	if err != nil {
		return nil, fault.Store(err)
	}
	readers, err := o.Overviews.Readers(ctx)
	if err != nil {
		return nil, fault.Store(err)
	}
	response := &caseworkv1.OverseeResponse{Now: timestamppb.New(now)}
	if response.UnreviewedGrounds, err = o.unreviewed(ctx, now); err != nil {
		return nil, fault.Store(err)
	}
	for _, matters := range open {
		response.Open = append(response.Open, &operatorv1.OpenLoops{
			Service: service, Phase: commonv1.LoopPhase(matters.Phase), WaitingOn: matters.WaitingOn,
			Loops: matters.Streams, Overdue: matters.Overdue, OldestAt: timestamppb.New(matters.Oldest), Untouched: matters.Untouched,
		})
	}
	for _, one := range silent {
		response.Silent = append(response.Silent, &operatorv1.SilentLoop{
			Subject: one.Subject, Service: service, Sender: one.Sender, WaitingOn: one.WaitingOn, Phase: commonv1.LoopPhase(one.Phase),
			DueAt: timestampOf(one.DueAt), StartedAt: timestamppb.New(one.StartedAt), Urgency: commonv1.Urgency(one.Urgency),
		})
	}
	for _, reader := range readers {
		one := &operatorv1.Reader{
			Service: service, Agency: reader.Agency, Consumer: reader.Consumer, Behind: reader.Behind(), WaitingSince: timestampOf(madeAt(reader.Next)),
		}
		if reader.Acknowledged > 0 {
			// Otherwise this is the time at which it was opened.
			one.AcknowledgedAt = timestamppb.New(reader.At)
		}
		response.Readers = append(response.Readers, one)
	}
	return response, nil
}

// timestampOf returns a time as a message holds it; nil for the zero time.
func timestampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
