package load

import (
	"hash/maphash"
	"sync"
	"time"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// book records which messages an agency must receive, and which its readers have received.
type book struct {
	seed maphash.Seed
	// underWay is called once for each expected message, with the time from the command to the
	// first reader.
	underWay func(time.Duration)

	mu sync.Mutex
	// steps are keyed by a hash of subject and event.
	steps map[uint64]stepState
	// messages counts, by a hash of message id and subject, how many readers have acknowledged each
	// message.
	messages map[uint64]int32
	// delivered counts all messages that readers have acknowledged.
	delivered int
}

// stepState is the state of one step: the agency must receive a message of it, or has received one.
type stepState struct {
	// sent is when the command was given, set once it is accepted; read is when the first reader
	// received the message.
	sent, read time.Time
	// messages counts the different messages of this step.
	messages int
}

func newBook(underWay func(time.Duration)) *book {
	return &book{seed: maphash.MakeSeed(), underWay: underWay, steps: map[uint64]stepState{}, messages: map[uint64]int32{}}
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

// expect records a command that was accepted. Its message may have arrived already.
func (b *book) expect(subject, event string, sent time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := b.key(subject, event)
	step := b.steps[key]
	step.sent = sent
	b.keep(key, step)
}

// take records a message that a reader acknowledges.
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

// keep stores a step. When both sent and read are known for the first time, it reports how long the
// message was under way.
func (b *book) keep(key uint64, step stepState) {
	if was := b.steps[key]; !step.sent.IsZero() && !step.read.IsZero() && (was.sent.IsZero() || was.read.IsZero()) {
		b.underWay(step.read.Sub(step.sent))
	}
	b.steps[key] = step
}

// verdict compares what an agency received with what it had to receive.
type verdict struct {
	// Expected counts the accepted steps. Lost counts those without a message, Doubled those with
	// more than one.
	Expected, Lost, Doubled int
	// Missed counts messages that one reader did not get although another did; Repeated counts
	// those that one reader got more than once.
	Missed, Repeated int
}

// judge compares the messages received with those expected, for the given number of readers.
func (b *book) judge(readers int) verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	var v verdict
	for _, step := range b.steps {
		if step.sent.IsZero() {
			continue // from another caller, or from a timer
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
