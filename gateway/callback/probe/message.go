package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/mailbox"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// message is a case message as it is sent.
type message struct {
	*exchangev1.CaseMessage
	// tomorrow are fields of its JSON form that today's Koppi does not write, by name.
	tomorrow map[string]string
}

// chain is one service's mailbox, as far as it has been made.
type chain struct {
	sequence uint64
	hash     []byte
}

// box makes the messages of one probe, and sends them.
type box struct {
	*caller
	agency, service string
	// chains are the mailboxes by service.
	chains map[string]*chain
	cursor mailbox.Cursor
}

// next makes the next message of the probe's mailbox, about a matter of its own.
func (b *box) next() message { return b.message(b.service, "Two rents are unpaid.") }

// message makes the next message of a service's mailbox. All that it says is invented.
func (b *box) message(service, description string) message {
	at := b.chainOf(service)
	return b.link(at, &exchangev1.CaseMessage{
		MessageId: uuid.Must(uuid.NewV7()).String(), Service: service, Mailbox: b.agency, Sequence: at.sequence + 1,
		Subject: "concerns/" + uuid.NewString(), SubjectVersion: 1, CaseId: uuid.NewString(),
		OccurredAt: timestamppb.New(time.Now()), //nolint:forbidigo // the wire's time
		From:       &commonv1.Party{Agency: b.agency},
		Event:      packed(&concernv1.ConcernSubmitted{Receiver: &commonv1.Party{Agency: b.agency}, Description: description}),
	})
}

func (b *box) chainOf(service string) *chain {
	if b.chains[service] == nil {
		b.chains[service] = &chain{hash: make([]byte, sha256.Size)}
	}
	return b.chains[service]
}

func packed(event proto.Message) *anypb.Any {
	return &anypb.Any{TypeUrl: "type.googleapis.com/" + string(event.ProtoReflect().Descriptor().FullName()), Value: encoded(event)}
}

// encoded serialises a message that was built here, which cannot fail.
func encoded(of proto.Message) []byte {
	text, _ := proto.Marshal(of)
	return text
}

// link puts a message behind the last one of a mailbox.
func (b *box) link(at *chain, of *exchangev1.CaseMessage) message {
	of.Record, of.Nonce = encoded(of), make([]byte, sha256.Size)
	_, _ = rand.Read(of.Nonce) // never fails
	of.ContentHash = sum(of.GetNonce(), of.GetRecord())
	of.ChainHash = sum(at.hash, of.GetContentHash())
	at.sequence, at.hash = of.GetSequence(), of.GetChainHash()
	return message{CaseMessage: of}
}

func sum(parts ...[]byte) []byte {
	all := sha256.Sum256(bytes.Join(parts, nil))
	return all[:]
}

// tombstone is what is left of a message, with the rule for which its content is missing.
func tombstone(of message, withheld *exchangev1.Withheld) message {
	return message{CaseMessage: &exchangev1.CaseMessage{
		MessageId: of.GetMessageId(), Service: of.GetService(), Mailbox: of.GetMailbox(), Sequence: of.GetSequence(), Subject: of.GetSubject(),
		SubjectVersion: of.GetSubjectVersion(), ContentHash: of.GetContentHash(), ChainHash: of.GetChainHash(), Withheld: []*exchangev1.Withheld{withheld},
	}}
}

// ofTomorrow makes a message as a later version of Koppi may send it: an event of an unknown type, an unknown
// field, and an unknown value of an enum.
func (b *box) ofTomorrow() message {
	unknown := protowire.AppendVarint(protowire.AppendTag(nil, 4000, protowire.VarintType), 1)
	at := b.chainOf(b.service)
	of := &exchangev1.CaseMessage{
		MessageId: uuid.Must(uuid.NewV7()).String(), Service: b.service, Mailbox: b.agency, Sequence: at.sequence + 1,
		Subject: "concerns/" + uuid.NewString(), SubjectVersion: 1, CaseId: uuid.NewString(),
		Status: &commonv1.LoopStatus{Phase: commonv1.LoopPhase(4000)},
		Event:  &anypb.Any{TypeUrl: "type.googleapis.com/koppi.concern.v1.ConcernOfTomorrow", Value: unknown},
	}
	of.ProtoReflect().SetUnknown(protoreflect.RawFields(unknown))
	one := b.link(at, of)
	one.tomorrow = map[string]string{
		"event":           `{"@type": "type.googleapis.com/koppi.concern.v1.ConcernOfTomorrow", "fieldOfTomorrow": "x"}`,
		"status":          `{"phase": "PHASE_OF_TOMORROW"}`,
		"fieldOfTomorrow": `{"a": [1]}`,
	}
	shown := proto.CloneOf(of)
	shown.Event, shown.Status = nil, nil
	shown.ProtoReflect().SetUnknown(nil)
	one.CaseMessage = shown
	return one
}

// text is invented free text of so many bytes.
func text(bytes int) string {
	const sentence = "Vuokra on maksamatta, ja sähköt katkaistaan perjantaina. "
	return strings.Repeat(sentence, bytes/len(sentence)+1)[:bytes-bytes%len(sentence)]
}

// deliver sends messages in one call. The cursor after them moves on unless they are sent again or must not be
// taken; an endpoint stores it and sends it back, and reads nothing from it.
func (b *box) deliver(ctx context.Context, how signature, messages ...message) answer {
	cursor := b.cursor
	for _, one := range messages {
		if !one.GetRedelivered() {
			cursor = mailbox.Cursor{mailbox.Behind(one.CaseMessage)}
		}
	}
	text, err := body(messages, cursor.String())
	if err != nil {
		return answer{err: err}
	}
	a := b.post(ctx, text, how)
	if a.accepts(len(messages)) {
		b.cursor = cursor
	}
	return a
}

// after sends messages that an endpoint must take before the probe proper.
func (b *box) after(ctx context.Context, messages ...message) (answer, bool) {
	a := b.deliver(ctx, signed, messages...)
	a.before = "the messages before the probe were not taken"
	return a, a.accepts(len(messages))
}
