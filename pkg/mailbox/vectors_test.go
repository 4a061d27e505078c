package mailbox_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

var update = flag.Bool("update", false, "write proto/vectors anew")

const vectorsFolder = "../../proto/vectors"

// Vector is one file of proto/vectors; the README there describes it.
type Vector struct {
	Name     string            `json:"name"`
	About    string            `json:"about"`
	Messages []json.RawMessage `json:"messages"`
	Expect   Expected          `json:"expect"`
}

// Expected is what a reader makes of a vector's messages.
type Expected struct {
	HandedOn []HandedOn      `json:"handedOn"`
	Heads    map[string]Head `json:"heads"`
	Fails    *Failure        `json:"fails,omitempty"`
}

// HandedOn is what a reader hands on of one message, by its record.
type HandedOn struct {
	MessageID   string `json:"messageId"`
	Subject     string `json:"subject"`
	Type        string `json:"type,omitempty"`
	Value       []byte `json:"value,omitempty"`
	Tombstone   bool   `json:"tombstone,omitempty"`
	Redelivered bool   `json:"redelivered,omitempty"`
}

// Head is the last message of a service's mailbox that was read.
type Head struct {
	Sequence  uint64 `json:"sequence"`
	ChainHash []byte `json:"chainHash"`
}

// Failure names the message at which verification fails, by its index, and the check.
type Failure struct {
	At    int    `json:"at"`
	Check string `json:"check"`
}

// The vectors of the contract are what the mailbox makes of the same messages today: each record passes through a
// journal, and the messages are those that a reader gets. Nonces are random in a journal; a vector has fixed ones.
func TestVectors(t *testing.T) {
	written := map[string]bool{}
	for _, vector := range vectors(t) {
		text := indented(t, vector)
		path := filepath.Join(vectorsFolder, vector.Name+".json")
		written[vector.Name+".json"] = true
		if *update {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s is stale (%v): go test ./pkg/mailbox -run TestVectors -update", path, err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(vectorsFolder, "*.json"))
	for _, file := range files {
		if !written[filepath.Base(file)] {
			t.Errorf("%s is of no vector of this test", file)
		}
	}
}

func indented(t *testing.T, value any) []byte {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

// story is what Kela's mailbox holds of one service in the vectors.
type story struct {
	service, subject string
	events           []proto.Message
	// erased are the sequences whose content is erased before they are read.
	erased []uint64
}

var (
	concerns = story{service: "concern", subject: "concerns/0198c0de-0000-7000-8000-000000000001", events: []proto.Message{
		&concernv1.ConcernSubmitted{
			Receiver: &commonv1.Party{Agency: "hva-pohjois-savo"}, Topics: []concernv1.Topic{concernv1.Topic_TOPIC_RENT_ARREARS},
			Description: "Kaksi vuokraa maksamatta.", Urgency: commonv1.Urgency_URGENCY_URGENT, MatterNumber: "7F3Q92KD",
		},
		&concernv1.ConcernReceived{},
		&concernv1.ConcernTaken{Worker: &commonv1.Party{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21"}},
		&concernv1.ConcernClosed{Outcome: concernv1.Outcome_OUTCOME_SERVICE_STARTED, Feedback: "Maksusuunnitelma tehty."},
	}}
	referrals = story{service: "referral", subject: "referrals/0198c0de-0000-7000-8000-000000000002", events: []proto.Message{
		&referralv1.ReferralReceived{},
		&referralv1.ReferralAccepted{Worker: &commonv1.Party{Agency: "hva-pohjois-savo", Worker: "ps-22"}},
	}}
)

// began is the time of the first event; each further one comes an hour later.
var began = time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)

// read appends the events to a journal, and returns them as a reader with records gets them.
func (s story) read(t *testing.T) []*exchangev1.CaseMessage {
	t.Helper()
	store := openStore(t, t.TempDir())
	defer func() { _ = store.Close() }()
	batch, versions := journal.Batch{Expected: map[string]uint64{}}, map[string]uint64{}
	for i, event := range s.events {
		packed, err := anypb.New(event)
		if err != nil {
			t.Fatal(err)
		}
		// The events that are erased are of a subject of their own, whose keys can be destroyed.
		subject := s.subject
		if s.isErased(uint64(i + 1)) {
			subject += "e"
		}
		versions[subject]++
		version := versions[subject]
		at := began.Add(time.Duration(i) * time.Hour)
		message := &exchangev1.CaseMessage{
			MessageId: fmt.Sprintf("0198c0de-%04d-7000-8000-%s", i+1, fmt.Sprintf("%012x", sha256.Sum256([]byte(s.service)))[:12]), Service: s.service, Mailbox: "kela",
			Subject: subject, SubjectVersion: version, OccurredAt: timestamppb.New(at), From: &commonv1.Party{Agency: "hva-pohjois-savo"},
			Status: &commonv1.LoopStatus{Phase: commonv1.LoopPhase_LOOP_PHASE_SENT, Since: timestamppb.New(at)}, Event: packed,
		}
		record, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		batch.Expected[subject] = 0
		batch.Events = append(batch.Events, journal.Event{Subject: subject, Version: version, ID: message.GetMessageId(), Type: "vector", At: at})
		batch.Deliveries = append(batch.Deliveries, journal.Delivery{Agency: "kela", ID: message.GetMessageId(), Subject: subject, SubjectVersion: version, Record: record})
	}
	for subject, version := range versions {
		batch.Streams = append(batch.Streams, journal.Stream{Subject: subject, Service: s.service, Version: version})
	}
	ctx := context.Background()
	if _, err := store.Append(ctx, batch); err != nil {
		t.Fatal(err)
	}
	whole, err := store.Deliveries(ctx, journal.DeliveryQuery{Agency: "kela"})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.erased) > 0 {
		if err := store.Erase(ctx, s.subject+"e"); err != nil {
			t.Fatal(err)
		}
	}
	read, err := store.Deliveries(ctx, journal.DeliveryQuery{Agency: "kela"})
	if err != nil {
		t.Fatal(err)
	}
	return s.messages(t, whole, read)
}

func (s story) isErased(sequence uint64) bool {
	for _, erased := range s.erased {
		if erased == sequence {
			return true
		}
	}
	return false
}

// messages gives deliveries the vectors' nonces, and proves the journal's own hashes on the way.
func (s story) messages(t *testing.T, whole, read []journal.Delivery) []*exchangev1.CaseMessage {
	t.Helper()
	journals, ours := journal.Genesis(), journal.Genesis()
	var messages []*exchangev1.CaseMessage
	for i, delivery := range read {
		nonce, record := whole[i].Nonce, whole[i].Record
		journals = journal.ChainHash(journals, journal.ContentHash(nonce, record))
		if !bytes.Equal(journals, delivery.ChainHash) || delivery.Tombstone != s.isErased(delivery.Sequence) {
			t.Fatalf("message %d of the journal is not chained as the vectors say, or not erased", delivery.Sequence)
		}
		delivery.ContentHash = journal.ContentHash(vectorNonce(s.service, delivery.Sequence), record)
		ours = journal.ChainHash(ours, delivery.ContentHash)
		delivery.ChainHash = ours
		if !delivery.Tombstone {
			delivery.Nonce = vectorNonce(s.service, delivery.Sequence)
		}
		message := mailbox.Message(s.service, delivery, true)
		if delivery.Tombstone {
			message.Withheld[0].Erasure = exchangev1.Erasure_ERASURE_ERASED
		}
		messages = append(messages, message)
	}
	return messages
}

// vectorNonce stands for 32 random bytes.
func vectorNonce(service string, sequence uint64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "nonce %d of %s", sequence, service))
	return sum[:]
}

// asJSON is a message as Koppi writes it in JSON, in one spelling: protojson varies its blanks.
func asJSON(t *testing.T, message *exchangev1.CaseMessage) json.RawMessage {
	t.Helper()
	text, err := protojson.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	if err := json.Compact(&plain, text); err != nil {
		t.Fatal(err)
	}
	return plain.Bytes()
}
