package mailbox_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/pkg/journal"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// draft is a vector before its messages are written as JSON.
type draft struct {
	t           *testing.T
	name, about string
	messages    []*exchangev1.CaseMessage
	// fails is the check that the message at an index fails; views are readable fields that differ from what the mailbox
	// writes, by index.
	fails *Failure
	views map[int]func(map[string]any)
}

func failure(at int, check string) *Failure { return &Failure{At: at, Check: check} }

// vectors are all vectors: good mailboxes first, then faulty ones.
func vectors(t *testing.T) []Vector {
	t.Helper()
	erased := concerns
	erased.erased = []uint64{2}
	concern, referral := concerns.read(t), referrals.read(t)
	drafts := []draft{
		{name: "one-service", about: "Four messages of one service. The first follows 32 zero bytes.", messages: concern},
		{name: "two-services", about: "Each service has a chain of its own; how the two interleave proves nothing.", messages: []*exchangev1.CaseMessage{concern[0], referral[0], concern[1], concern[2], referral[1], concern[3]}},
		{name: "tombstone", about: "The content of the second message was erased. Its hashes remain, and the chain holds.", messages: erased.read(t)},
		tomorrow(t, concern),
		{
			name: "redelivery", about: "The second message was parked: a tombstone took its place. It comes again on request, outside the order, with the same hashes.",
			messages: []*exchangev1.CaseMessage{concern[0], parked(concern[1]), concern[2], again(concern[1])},
		},
		{
			name: "view-of-content", about: "The JSON form of the first event was changed, the record was not. The content is what the record says.",
			messages: concern[:2], views: map[int]func(map[string]any){0: func(view map[string]any) {
				view["event"].(map[string]any)["description"] = "Ei huolta."
			}},
		},
		{name: "cut-at-the-start", about: "The first message is missing.", messages: concern[1:], fails: failure(0, "sequence")},
		{name: "gap", about: "The third message is missing.", messages: []*exchangev1.CaseMessage{concern[0], concern[1], concern[3]}, fails: failure(2, "sequence")},
		{name: "repeated", about: "The second message stands twice. A verifier refuses it; an endpoint, to which Koppi may deliver a message again, knows it by its chain hash.", messages: []*exchangev1.CaseMessage{concern[0], concern[1], concern[1], concern[2]}, fails: failure(2, "sequence")},
		{
			name: "renumbered", about: "The second message is missing, and the readable sequence of the third was changed to hide it. The record has the true one.",
			messages: []*exchangev1.CaseMessage{concern[0], concern[2]}, fails: failure(1, "view"),
			views: map[int]func(map[string]any){1: func(view map[string]any) { view["sequence"] = "2" }},
		},
		{
			name: "other-mailbox", about: "The readable mailbox of the first message was changed: it is another agency's.", messages: concern[:2], fails: failure(0, "view"),
			views: map[int]func(map[string]any){0: func(view map[string]any) { view["mailbox"] = "hva-pohjois-savo" }},
		},
		{name: "tampered-record", about: "One byte of the second record was changed.", messages: changed(concern, 1, func(m *exchangev1.CaseMessage) { m.Record[len(m.GetRecord())/2] ^= 1 }), fails: failure(1, "record")},
		{name: "tampered-nonce", about: "One byte of the second nonce was changed.", messages: changed(concern, 1, func(m *exchangev1.CaseMessage) { m.Nonce[0] ^= 1 }), fails: failure(1, "record")},
		{
			name: "replaced", about: "The second record was replaced, and its content hash computed anew. The chain hash does not follow from it.",
			messages: changed(concern, 1, func(m *exchangev1.CaseMessage) {
				replaced := proto.CloneOf(concern[2])
				m.Event, m.Record = replaced.GetEvent(), stamped(t, replaced, m.GetSequence())
				m.MessageId, m.SubjectVersion, m.OccurredAt, m.Status = replaced.GetMessageId(), replaced.GetSubjectVersion(), replaced.GetOccurredAt(), replaced.GetStatus()
				m.ContentHash = journal.ContentHash(m.GetNonce(), m.GetRecord())
			}), fails: failure(1, "chain"),
		},
		{name: "forged-tombstone", about: "A tombstone was put in the place of the second message, with a content hash of its own.", messages: changed(concern, 1, func(m *exchangev1.CaseMessage) {
			tombstone := parked(m)
			proto.Reset(m)
			proto.Merge(m, tombstone)
			m.ContentHash = journal.ContentHash(nil, []byte("nothing"))
		}), fails: failure(1, "chain")},
		{name: "tampered-chain", about: "One byte of the third chain hash was changed.", messages: changed(concern, 2, func(m *exchangev1.CaseMessage) { m.ChainHash[31] ^= 1 }), fails: failure(2, "chain")},
		{
			name: "tampered-redelivery", about: "A message that is delivered again is not the one that was hashed.",
			messages: []*exchangev1.CaseMessage{concern[0], parked(concern[1]), changed([]*exchangev1.CaseMessage{again(concern[1])}, 0, func(m *exchangev1.CaseMessage) { m.Record[0] ^= 8 })[0]}, fails: failure(2, "record"),
		},
	}
	var all []Vector
	for _, one := range drafts {
		one.t = t
		all = append(all, one.vector())
	}
	return all
}

func (d draft) vector() Vector {
	made := Vector{Name: d.name, About: d.about, Expect: Expected{Heads: map[string]Head{}, Fails: d.fails}}
	for i, message := range d.messages {
		text := asJSON(d.t, plain(message))
		if change := d.views[i]; change != nil {
			view := map[string]any{}
			if err := json.Unmarshal(text, &view); err != nil {
				d.t.Fatal(err)
			}
			change(view)
			var err error
			if text, err = json.Marshal(view); err != nil {
				d.t.Fatal(err)
			}
		}
		made.Messages = append(made.Messages, text)
		if d.fails != nil && i >= d.fails.At {
			continue
		}
		one := HandedOn{MessageID: message.GetMessageId(), Subject: message.GetSubject(), Redelivered: message.GetRedelivered(), Tombstone: len(message.GetRecord()) == 0}
		if event := message.GetEvent(); event != nil {
			one.Type, one.Value = event.GetTypeUrl(), event.GetValue()
		}
		made.Expect.HandedOn = append(made.Expect.HandedOn, one)
		if !message.GetRedelivered() {
			made.Expect.Heads[message.GetService()] = Head{Sequence: message.GetSequence(), ChainHash: message.GetChainHash()}
		}
	}
	return made
}

// plain is a message without an event whose type is not linked here, which JSON cannot write.
func plain(message *exchangev1.CaseMessage) *exchangev1.CaseMessage {
	if strings.HasSuffix(message.GetEvent().GetTypeUrl(), "Tomorrow") {
		message = proto.CloneOf(message)
		message.Event = nil
	}
	return message
}

func changed(messages []*exchangev1.CaseMessage, at int, change func(*exchangev1.CaseMessage)) []*exchangev1.CaseMessage {
	var all []*exchangev1.CaseMessage
	for _, message := range messages {
		all = append(all, proto.CloneOf(message))
	}
	change(all[at])
	return all
}

// parked is a message whose matter is parked: a tombstone in its place.
func parked(message *exchangev1.CaseMessage) *exchangev1.CaseMessage {
	return &exchangev1.CaseMessage{
		MessageId: message.GetMessageId(), Service: message.GetService(), Mailbox: message.GetMailbox(), Sequence: message.GetSequence(),
		Subject: message.GetSubject(), SubjectVersion: message.GetSubjectVersion(), ContentHash: message.GetContentHash(), ChainHash: message.GetChainHash(),
		Withheld: []*exchangev1.Withheld{{Field: "event", Rule: "parked"}},
	}
}

func again(message *exchangev1.CaseMessage) *exchangev1.CaseMessage {
	message = proto.CloneOf(message)
	message.Redelivered = true
	return message
}

// stamped is the record of a message at a sequence.
func stamped(t *testing.T, message *exchangev1.CaseMessage, sequence uint64) []byte {
	t.Helper()
	bare := proto.CloneOf(message)
	bare.Sequence, bare.Record, bare.Nonce, bare.ContentHash, bare.ChainHash = 0, nil, nil, nil, nil
	record, err := proto.MarshalOptions{Deterministic: true}.Marshal(bare)
	if err != nil {
		t.Fatal(err)
	}
	return journal.Stamp(record, sequence)
}

// tomorrow is a mailbox of a later version: in its second message the event's type, a field and a value of an
// enumeration are not known today. A kit of today keeps the record and reads on.
func tomorrow(t *testing.T, messages []*exchangev1.CaseMessage) draft {
	field := func(number protowire.Number) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), 1)
	}
	all := changed(messages, 1, func(m *exchangev1.CaseMessage) {
		m.Event = &anypb.Any{TypeUrl: "type.googleapis.com/koppi.concern.v1.ConcernTomorrow", Value: bytes.Join([][]byte{field(1), field(4000)}, nil)}
		m.Status.Phase = commonv1.LoopPhase(4000)
	})
	chain := journal.Genesis()
	for i, message := range all {
		if i == 1 {
			message.Record = bytes.Join([][]byte{stamped(t, message, message.GetSequence()), field(4001)}, nil)
			message.ContentHash = journal.ContentHash(message.GetNonce(), message.GetRecord())
		}
		chain = journal.ChainHash(chain, message.GetContentHash())
		message.ChainHash = chain
	}
	return draft{
		name: "of-tomorrow", about: "The second message is of a later version of Koppi: its event's type, a field and a value of an enumeration are not known. A reader keeps the record, hands the event on as unknown, and reads on.",
		messages: all, views: map[int]func(map[string]any){1: func(view map[string]any) {
			view["event"] = map[string]any{"@type": "type.googleapis.com/koppi.concern.v1.ConcernTomorrow", "moved": true}
			view["status"].(map[string]any)["phase"] = "LOOP_PHASE_TOMORROW"
			view["fieldOfTomorrow"] = "x"
		}},
	}
}
