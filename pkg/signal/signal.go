// Package signal passes fleeting signals about a subject to whoever listens to it, in
// this process or another: who is there, who types, that something was posted. Nothing
// is kept, and a signal may be lost: what must arrive is read from the journal.
package signal

import "sync"

// Hub passes signals on.
type Hub interface {
	// Send passes a signal to all who listen to a topic, here and elsewhere; the sender
	// itself hears it too. It never blocks.
	Send(topic string, signal []byte)
	// Listen hears a topic until cancelled. A listener that is slow loses signals.
	Listen(topic string) (signals <-chan []byte, cancel func())
}

// maxUnheard is how many signals wait for a slow listener.
const maxUnheard = 64

// Local is the hub of one process. Its zero value is ready.
type Local struct {
	mu        sync.Mutex
	listening map[string]map[chan []byte]struct{}
}

// Send passes a signal on within the process.
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

// Listen hears what is sent within the process.
func (l *Local) Listen(topic string) (signals <-chan []byte, cancel func()) {
	listener := make(chan []byte, maxUnheard)
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
