package consultation

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// A signal between those who converse is one byte that says what it is of, the id of
// the stream that it comes from, and its worker as a serialized Party. It is not kept.
const (
	kindChanged = 'c'
	kindThere   = 'p'
	kindLeft    = 'l'
	kindTyping  = 't'
)

// changed says that the journal has more.
var changed = []byte{kindChanged}

// streamIDBytes is the length of a UUID as text.
const streamIDBytes = 36

// other is the stream of somebody else who is there.
type other struct {
	party *commonv1.Party
	heard time.Time
}

func (c *conversation) announce(there bool) {
	if there {
		c.say(kindThere)
	} else {
		c.say(kindLeft)
	}
}

// say tells the others what this stream's worker does.
func (c *conversation) say(kind byte) {
	party, err := proto.Marshal(c.who.Party())
	if err != nil {
		return
	}
	signal := append([]byte{kind}, c.stream...)
	c.service.Signals.Send(c.id, append(signal, party...))
}

// hear takes a signal. One that is not understood is from a newer process, and passed
// over.
func (c *conversation) hear(ctx context.Context, signal []byte) error {
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
		// Whoever types elsewhere too need not be told.
		if proto.Equal(party, c.who.Party()) {
			return nil
		}
		return c.send(&told{Kind: &consultationv1.ConverseResponse_Typing{Typing: party}})
	case kindThere:
		return c.there(id, party)
	case kindLeft:
		return c.left(id)
	}
	return nil
}

// there notes that somebody is there, tells the caller where it is new, and then
// answers, so that who came later learns of who was there before.
func (c *conversation) there(id string, party *commonv1.Party) error {
	_, known := c.others[id]
	present := c.isThere(party)
	c.others[id] = other{party: party, heard: time.Now()} //nolint:forbidigo // who is there now is no domain's time
	if !known {
		c.announce(true)
	}
	if present {
		return nil
	}
	return c.presence(party, true)
}

// left forgets a stream, and tells the caller where it was the worker's last.
func (c *conversation) left(id string) error {
	gone, known := c.others[id]
	delete(c.others, id)
	if !known || c.isThere(gone.party) {
		return nil
	}
	return c.presence(gone.party, false)
}

// forget lets go of who was not heard for long.
func (c *conversation) forget() error {
	for id, one := range c.others {
		if time.Since(one.heard) > presenceLasts {
			if err := c.left(id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *conversation) isThere(party *commonv1.Party) bool {
	for _, one := range c.others {
		if proto.Equal(one.party, party) {
			return true
		}
	}
	return false
}

func (c *conversation) presence(party *commonv1.Party, present bool) error {
	return c.send(&told{Kind: &consultationv1.ConverseResponse_Presence_{
		Presence: &consultationv1.ConverseResponse_Presence{Party: party, Present: present},
	}})
}
