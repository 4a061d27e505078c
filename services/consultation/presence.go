package consultation

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// A signal between the streams of a conversation is one byte for its kind, the id of the sending
// stream, and that stream's worker as a serialized Party. Signals are not stored.
const (
	kindChanged = 'c'
	kindPresent = 'p'
	kindLeft    = 'l'
	kindTyping  = 't'
)

// changed is the signal that the journal has new events. It has no stream and no worker.
var changed = []byte{kindChanged}

// streamIDBytes is the length of a UUID as text.
const streamIDBytes = 36

// other is another stream that is present in the conversation.
type other struct {
	party *commonv1.Party
	heard time.Time
}

func (c *conversation) announce(present bool) {
	if present {
		c.signal(kindPresent)
	} else {
		c.signal(kindLeft)
	}
}

// signal sends the other streams a signal about this stream's worker.
func (c *conversation) signal(kind byte) {
	party, err := proto.Marshal(c.who.Party())
	if err != nil {
		return
	}
	signal := append([]byte{kind}, c.stream...)
	c.service.Signals.Send(c.id, append(signal, party...))
}

// handleSignal handles a signal. A signal that it cannot parse comes from a newer version and is ignored.
func (c *conversation) handleSignal(ctx context.Context, signal []byte) error {
	if len(signal) > 0 && signal[0] == kindChanged {
		return c.catchUp(ctx)
	}
	if len(signal) <= streamIDBytes || string(signal[1:1+streamIDBytes]) == c.stream {
		return nil
	}
	id, party := string(signal[1:1+streamIDBytes]), &commonv1.Party{}
	if err := proto.Unmarshal(signal[1+streamIDBytes:], party); err != nil {
		return nil //nolint:nilerr // as above
	}
	switch signal[0] {
	case kindTyping:
		// A worker's own typing on another stream is not shown to that worker.
		if proto.Equal(party, c.who.Party()) {
			return nil
		}
		return c.send(&update{Kind: &consultationv1.ConverseResponse_Typing{Typing: party}})
	case kindPresent:
		return c.joined(id, party)
	case kindLeft:
		return c.left(id)
	}
	return nil
}

// joined notes that another stream is present, and informs the caller if its worker was not present
// before. It announces itself in reply to a new stream, so that the new stream learns who is present.
func (c *conversation) joined(id string, party *commonv1.Party) error {
	_, known := c.others[id]
	present := c.isPresent(party)
	c.others[id] = other{party: party, heard: time.Now()} //nolint:forbidigo // presence does not follow the domain's clock
	if !known {
		c.announce(true)
	}
	if present {
		return nil
	}
	return c.presence(party, true)
}

// left removes a stream, and informs the caller if it was the last one of its worker.
func (c *conversation) left(id string) error {
	gone, known := c.others[id]
	delete(c.others, id)
	if !known || c.isPresent(gone.party) {
		return nil
	}
	return c.presence(gone.party, false)
}

// expire removes the streams that were not heard for presenceLasts.
func (c *conversation) expire() error {
	for id, one := range c.others {
		if time.Since(one.heard) > presenceLasts {
			if err := c.left(id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *conversation) isPresent(party *commonv1.Party) bool {
	for _, one := range c.others {
		if proto.Equal(one.party, party) {
			return true
		}
	}
	return false
}

func (c *conversation) presence(party *commonv1.Party, present bool) error {
	return c.send(&update{Kind: &consultationv1.ConverseResponse_Presence_{
		Presence: &consultationv1.ConverseResponse_Presence{Party: party, Present: present},
	}})
}
