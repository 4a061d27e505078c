package probe

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// probe is one thing that an endpoint must do right.
type probe struct {
	name, sent, right string
	run               func(context.Context, *box) (answer, bool)
}

const (
	denied = "HTTP 401, and nothing taken"
	later  = "accepted 0, refused with DATA_LOSS or another code that is not permanent"
)

// probes are all probes, in the order in which they run.
var probes = []probe{
	{"unsigned", "a message without a signature", denied, denies(unsigned)},
	{"wrong signature", "a message signed with another secret", denied, denies(strangers)},
	{"old signature", "a message signed an hour ago, as in a recorded call", denied, denies(expired)},
	{"taken", "three messages in one call: two of one service, and one of another between them", "accepted 3: each service has a chain of its own", taken},
	{"repeat", "two messages that were taken, and the next one", "accepted 3: those that were taken before count, and have no effect", repeat},
	{"conflict", "another message at a sequence that was taken", "accepted 0, refused with DATA_LOSS: it is no repetition", conflict},
	{"gap", "message 3 after message 1", later, gap},
	{"tampered", "a message whose record was changed, then one that follows no message before it", later, tampered},
	{"tombstone", "a message whose content was erased, and the next one", "accepted 2: the hashes of a tombstone still prove the chain", erased},
	{"redelivered", "a parked message again, marked redelivered, and then the next one", "each accepted: the position does not move by what is redelivered", redelivered},
	{"unknown event", "a message with an event type, a field and an enum value that are unknown, and the next one", "accepted 2: the record is kept and handed on", unknown},
	{"large batch", "100 messages in 1 MiB, the largest call", "accepted 100", large},
}

// denies sends a message that is not signed by Koppi now.
func denies(how signature) func(context.Context, *box) (answer, bool) {
	return func(ctx context.Context, b *box) (answer, bool) {
		a := b.deliver(ctx, how, b.next())
		return a, a.denies()
	}
}

func taken(ctx context.Context, b *box) (answer, bool) {
	first, other := b.next(), b.message(b.service+"other", "The electricity is cut off.")
	a := b.deliver(ctx, signed, first, other, b.next())
	return a, a.accepts(3)
}

func repeat(ctx context.Context, b *box) (answer, bool) {
	first, second := b.next(), b.next()
	if a, ok := b.after(ctx, first, second); !ok {
		return a, false
	}
	a := b.deliver(ctx, signed, first, second, b.next())
	return a, a.accepts(3)
}

// conflict sends what comes after Koppi was restored from a backup: other messages at the same places.
func conflict(ctx context.Context, b *box) (answer, bool) {
	first := b.next()
	fork := *b.chainOf(b.service)
	if a, ok := b.after(ctx, first, b.next()); !ok {
		return a, false
	}
	b.chains[b.service] = &fork
	a := b.deliver(ctx, signed, b.next())
	return a, a.refuses(codes.DataLoss)
}

func gap(ctx context.Context, b *box) (answer, bool) {
	if a, ok := b.after(ctx, b.next()); !ok {
		return a, false
	}
	_ = b.next()
	a := b.deliver(ctx, signed, b.next())
	return a, a.waits()
}

// tampered sends a record that is not what was hashed, and then a message whose own hashes are right but which
// does not follow the one before.
func tampered(ctx context.Context, b *box) (answer, bool) {
	if a, ok := b.after(ctx, b.next()); !ok {
		return a, false
	}
	before := *b.chainOf(b.service)
	changed := b.next()
	content := &exchangev1.CaseMessage{}
	_ = proto.Unmarshal(changed.GetRecord(), content) // it was encoded here
	content.CaseId = changed.GetMessageId()
	changed.CaseId, changed.Record = content.GetCaseId(), encoded(content)
	if a := b.deliver(ctx, signed, changed); !a.waits() {
		return a, false
	}
	before.hash = make([]byte, len(before.hash))
	b.chains[b.service] = &before
	a := b.deliver(ctx, signed, b.next())
	return a, a.waits()
}

func erased(ctx context.Context, b *box) (answer, bool) {
	gone := tombstone(b.next(), &exchangev1.Withheld{Field: "event", Rule: "erased", Erasure: exchangev1.Erasure_ERASURE_ERASED})
	a := b.deliver(ctx, signed, gone, b.next())
	return a, a.accepts(2)
}

func redelivered(ctx context.Context, b *box) (answer, bool) {
	parked := b.next()
	if a, ok := b.after(ctx, tombstone(parked, &exchangev1.Withheld{Field: "event", Rule: "parked"}), b.next()); !ok {
		return a, false
	}
	parked.Redelivered = true
	if a := b.deliver(ctx, signed, parked); !a.accepts(1) {
		return a, false
	}
	a := b.deliver(ctx, signed, b.next())
	if !a.accepts(1) {
		a.before = "the redelivered message was accepted, the next one not"
	}
	return a, a.accepts(1)
}

func unknown(ctx context.Context, b *box) (answer, bool) {
	first := b.ofTomorrow()
	a := b.deliver(ctx, signed, first, b.next())
	return a, a.accepts(2)
}

// largest are the bounds of one call of Koppi's.
const (
	largestCall  = 100
	largestBytes = 1 << 20
)

func large(ctx context.Context, b *box) (answer, bool) {
	var messages []message
	for range largestCall {
		// A record and its readable form, and some room for hashes.
		messages = append(messages, b.message(b.service, text(largestBytes/largestCall/2-512)))
	}
	a := b.deliver(ctx, signed, messages...)
	return a, a.accepts(largestCall)
}
