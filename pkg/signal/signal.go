// Package signal sends short-lived signals about a subject to its listeners, in this process or others: who
// is present, who is typing, that a message was posted. Signals are not stored and may be lost: read from the
// journal what must arrive.
package signal

import "sync"

// Hub sends signals to listeners.
type Hub interface {
	// Send sends a signal to all listeners of a topic, in all processes, including the sender. It never
	// blocks.
	Send(topic string, signal []byte)
	// Listen returns the signals about a topic until cancel is called. A slow listener loses signals.
	Listen(topic string) (signals <-chan []byte, cancel func())
}

// maxWaiting is the most signals that wait for a slow listener.
const maxWaiting = 64

// Local is the Hub of one process. The zero value is ready to use.
type Local struct {
	mu        sync.Mutex
	listening map[string]map[chan []byte]struct{}
}

// Send sends a signal within the process.
func (l *Local) Send(topic string, signal []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for listener := range l.listening[topic] {
		select {
		case listener <- signal:
		default:
		}
	}
}

// Listen returns the signals about a topic that this process sends.
func (l *Local) Listen(topic string) (signals <-chan []byte, cancel func()) {
	listener := make(chan []byte, maxWaiting)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listening == nil {
		l.listening = map[string]map[chan []byte]struct{}{}
	}
	if l.listening[topic] == nil {
		l.listening[topic] = map[chan []byte]struct{}{}
	}
	l.listening[topic][listener] = struct{}{}
	return listener, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.listening[topic], listener)
		if len(l.listening[topic]) == 0 {
			delete(l.listening, topic)
		}
	}
}
