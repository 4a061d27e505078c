package journal

import "time"

// Parked is a subject whose messages a consumer's callback endpoint refused for
// good: from Sequence on they stand as tombstones in its deliveries, until they
// are delivered again.
type Parked struct {
	Agency, Consumer, Subject string
	// Sequence of the first message that is still to be delivered again.
	Sequence uint64
	// Code is the gRPC status code of the refusal.
	Code int32
	// Retry asks for another delivery.
	Retry bool
	// At is when it was parked, or last refused.
	At time.Time
}

// ParkStep is what becomes of a parked subject.
type ParkStep int

const (
	// ParkRefused parks a subject, or tells that another delivery was refused.
	ParkRefused ParkStep = iota
	// ParkRetry asks for another delivery; ErrNotFound where nothing is parked.
	ParkRetry
	// ParkAdvanced moves the sequence after a part of another delivery.
	ParkAdvanced
	// ParkReleased ends the parking: all was delivered.
	ParkReleased
)

// Parking changes what is parked.
type Parking struct {
	Parked
	Step ParkStep
	// Epoch as given when the consumer was opened; not asked for by ParkRetry.
	Epoch uint64
}

// Changed is what is parked after a change: nil where nothing is. Both stores decide
// by it, within the transaction.
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
