package load

import (
	"hash/maphash"
	"sync"
	"time"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// book is what an agency must be told, and what its readers were told.
type book struct {
	seed maphash.Seed
	// underWay is told how long a message was under way to the agency, once.
	underWay func(time.Duration)

	mu sync.Mutex
	// steps by subject and event.
	steps map[uint64]told
	// messages by id: how many readers have acknowledged each.
	messages map[uint64]int32
	// delivered counts all that readers acknowledged.
	delivered int
}

// told is a step of which the agency must be told, or was.
type told struct {
	// sent is when the command was given, once it is accepted; read when a first reader had it.
	sent, read time.Time
	// messages told of it, each counted once.
	messages int
}

func newBook(underWay func(time.Duration)) *book {
	return &book{seed: maphash.MakeSeed(), underWay: underWay, steps: map[uint64]told{}, messages: map[uint64]int32{}}
}

func (b *book) key(parts ...string) uint64 {
	var hash maphash.Hash
	hash.SetSeed(b.seed)
	for _, part := range parts {
		_, _ = hash.WriteString(part)
		_ = hash.WriteByte(0)
	}
	return hash.Sum64()
}

// expect is told of a command that was accepted; its message may have come already.
func (b *book) expect(subject, event string, sent time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := b.key(subject, event)
	step := b.steps[key]
	step.sent = sent
	b.keep(key, step)
}

// take is told of a message that a reader acknowledges.
func (b *book) take(message *exchangev1.CaseMessage, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.delivered++
	id := b.key(message.GetMessageId(), message.GetSubject())
	b.messages[id]++
	if b.messages[id] > 1 {
		return
	}
	key := b.key(message.GetSubject(), string(message.GetEvent().MessageName().Name()))
	step := b.steps[key]
	step.messages++
	if step.messages == 1 {
		step.read = at
	}
	b.keep(key, step)
}

// keep writes a step down; whatever comes second of sending and reading tells how long the
// message was under way.
func (b *book) keep(key uint64, step told) {
	if was := b.steps[key]; !step.sent.IsZero() && !step.read.IsZero() && (was.sent.IsZero() || was.read.IsZero()) {
		b.underWay(step.read.Sub(step.sent))
	}
	b.steps[key] = step
}

// verdict is what became of what an agency had to be told.
type verdict struct {
	// Expected are steps that were accepted; Lost of them were never told, Doubled told
	// more than once.
	Expected, Lost, Doubled int
	// Missed are messages that one of the readers did not get while another did, Repeated
	// those that came to one more than once.
	Missed, Repeated int
}

// judge holds what was told against what had to be, by so many readers.
func (b *book) judge(readers int) verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	var v verdict
	for _, step := range b.steps {
		if step.sent.IsZero() {
			continue // of somebody else's, or of a clock
		}
		v.Expected++
		switch {
		case step.messages == 0:
			v.Lost++
		case step.messages > 1:
			v.Doubled++
		}
	}
	for _, times := range b.messages {
		switch {
		case int(times) < readers:
			v.Missed += readers - int(times)
		case int(times) > readers:
			v.Repeated += int(times) - readers
		}
	}
	return v
}
