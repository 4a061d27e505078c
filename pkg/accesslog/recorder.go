// Package accesslog records who read and changed the data of clients and why, shows these records to those who may read
// them, and publishes them in the transparency log (906/2019 § 17, 703/2023 § 10, § 11).
package accesslog

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/telemetry"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Recorder makes access log records.
type Recorder struct {
	Store   journal.Store
	Secrets *identity.Secrets
	Clock   clock.Clock
}

// Write returns the access log record of a write, and the digest that distinguishes its request
// body from others.
func (l *Recorder) Write(ctx context.Context, who identity.Caller, r proto.Message) (journal.Access, []byte, error) {
	access, err := l.Of(ctx, who)
	if err != nil {
		return access, nil, err
	}
	digest, err := l.Digest(access.Method, r)
	return access, digest, err
}

// Digest returns the digest that distinguishes the body of a request from others.
func (l *Recorder) Digest(method string, r proto.Message) ([]byte, error) {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("access log: marshal request: %w", err)
	}
	return l.Secrets.Digest([]byte(method), body), nil
}

// Of returns the access log record of the current call; the code that knows subject and client
// fills them in.
func (l *Recorder) Of(ctx context.Context, who identity.Caller) (journal.Access, error) {
	party, onBehalfOf := who.Recorded()
	access := journal.Access{At: l.Clock.Now(), Role: string(who.Role), OnBehalfOf: onBehalfOf}
	if method, ok := grpc.Method(ctx); ok {
		access.Method = strings.TrimPrefix(method, "/")
	}
	if access.Trace = telemetry.Traceparent(ctx); access.Trace == "" {
		// This service makes no span here, so the caller's own trace is kept.
		if trace := metadata.ValueFromIncomingContext(ctx, "traceparent"); len(trace) > 0 {
			access.Trace = telemetry.Checked(trace[0])
		}
	}
	var err error
	if access.By, err = proto.Marshal(party); err != nil {
		return access, fmt.Errorf("access log: marshal party: %w", err)
	}
	return access, nil
}

// Reading is one subject or client whose data a call reads.
type Reading struct {
	// Subject read, and Client by internal id; either may be empty.
	Subject, Client string
	Basis           *commonv1.LegalBasis
	// Emergency is the id of the emergency reading by which the caller reads; empty for another reading.
	Emergency string
}

// emergencyPurpose begins the stored purpose of a reading in an emergency; the id of the emergency reading
// follows, which has its reason and explanation.
const emergencyPurpose = "emergency reading "

// EmergencyOf returns the id of the emergency reading by which a record's reading was made; empty for
// another reading.
func EmergencyOf(record journal.Access) string {
	id, is := strings.CutPrefix(record.Purpose, emergencyPurpose)
	if !is {
		return ""
	}
	return id
}

// ReadingOf returns the reading of a matter in a state.
func ReadingOf[S matter.State](state S) Reading {
	head := state.Common()
	return Reading{Subject: head.Subject, Client: head.Client, Basis: head.Basis}
}

// Read stores access records of readings durably before anything that was read is returned
// (906/2019 § 17, 703/2023 § 10).
func (l *Recorder) Read(ctx context.Context, who identity.Caller, purpose string, readings ...Reading) error {
	access, err := l.Of(ctx, who)
	if err != nil {
		return err
	}
	batch := journal.Batch{}
	for _, one := range readings {
		access.Subject, access.Client, access.Purpose = one.Subject, one.Client, purpose
		if one.Emergency != "" {
			access.Purpose = emergencyPurpose + one.Emergency
		}
		if access.Basis, err = proto.Marshal(one.Basis); err != nil {
			return fmt.Errorf("access log: marshal basis: %w", err)
		}
		batch.Accesses = append(batch.Accesses, access)
	}
	if len(batch.Accesses) == 0 {
		return nil
	}
	_, err = l.Store.Append(ctx, batch)
	return fault.Store(err)
}
