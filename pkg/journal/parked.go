package journal

import "time"

// Parked is a subject whose messages a consumer's callback endpoint refused for good. From Sequence
// on, its messages come as tombstones in the consumer's deliveries, until they are delivered again.
type Parked struct {
	Agency, Consumer, Subject string
	// Sequence is that of the first message that is still to be delivered again.
	Sequence uint64
	// Code is the gRPC status code of the refusal.
	Code int32
	// Retry says that another delivery is asked for.
	Retry bool
	// At is when the subject was parked, or when the endpoint last refused it.
	At time.Time
}

// ParkStep is a kind of change to a parked subject.
type ParkStep int

const (
	// ParkRefused parks a subject, or records that another delivery was refused.
	ParkRefused ParkStep = iota
	// ParkRetry asks for another delivery; ErrNotFound where nothing is parked.
	ParkRetry
	// ParkAdvanced moves the sequence forward after part of another delivery has succeeded.
	ParkAdvanced
	// ParkReleased ends the parking, because all messages were delivered.
	ParkReleased
)

// Parking is a change to what is parked.
type Parking struct {
	Parked
	Step ParkStep
	// Epoch is the one given when the consumer was opened; ParkRetry does not check it.
	Epoch uint64
}

// Changed returns the parked subject after a change: nil where nothing is parked any more. It
// returns ErrTakenOver for another epoch than the consumer's, and ErrNotFound where nothing is
// parked. Both stores call it within their transaction.
func (p *Parked) Changed(change Parking, consumer Consumer) (*Parked, error) {
	if change.Step != ParkRetry && change.Epoch != consumer.Epoch {
		return p, ErrTakenOver
	}
	switch {
	case change.Step == ParkRefused && p == nil:
		next := change.Parked
		next.Retry = false
		return &next, nil
	case change.Step == ParkReleased:
		return nil, nil
	case p == nil:
		return nil, ErrNotFound
	}
	next := *p
	switch change.Step {
	case ParkRefused:
		next.Code, next.At, next.Retry = change.Code, change.At, false
		next.Sequence = max(next.Sequence, change.Sequence)
	case ParkAdvanced:
		next.Sequence = max(next.Sequence, change.Sequence)
	case ParkRetry:
		next.Retry = true
	}
	return &next, nil
}
