package rows

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/tink"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
)

// Ref names the key of one class of a subject.
func Ref(subject string, class journal.Class) seal.Ref {
	return seal.Ref{Subject: subject, Class: string(class)}
}

// Refs names a subject's keys of the given classes, or of all when none is given.
func Refs(subject string, classes ...journal.Class) []seal.Ref {
	if len(classes) == 0 {
		classes = []journal.Class{journal.ClassDocument, journal.ClassCorrespondence, journal.ClassConsent, journal.ClassNotice, journal.ClassIdentity, journal.ClassDirective}
	}
	refs := make([]seal.Ref, 0, len(classes))
	for _, class := range classes {
		refs = append(refs, Ref(subject, class))
	}
	return refs
}

// Needs names the keys with which a batch is sealed.
func Needs(batch journal.Batch) []seal.Ref {
	var refs []seal.Ref
	for _, event := range batch.Events {
		refs = append(refs, eventRef(event))
	}
	for _, delivery := range batch.Deliveries {
		refs = append(refs, deliveryRef(delivery))
	}
	for subject := range batch.Clients {
		refs = append(refs, Ref(subject, journal.ClassIdentity))
	}
	return refs
}

// Keys are data keys by name.
type Keys = map[seal.Ref]tink.AEAD

// The place of sealed content is authenticated with it, so that the content does not open
// elsewhere.
func eventPlace(e journal.Event) []byte {
	return []byte("event\x00" + e.Subject + "\x00" + strconv.FormatUint(e.Version, 10) + "\x00" + e.ID + "\x00" + e.Type)
}

func deliveryPlace(d journal.Delivery) []byte {
	return []byte("delivery\x00" + d.Agency + "\x00" + strconv.FormatUint(d.Sequence, 10) + "\x00" + d.ID)
}

func clientPlace(subject string) []byte { return []byte("client\x00" + subject) }

// SealEvent seals an event and chains it to prev, the hash of the event before it in its subject.
func SealEvent(keys Keys, event journal.Event, prev []byte) (journal.SealedEvent, error) {
	row := journal.SealedEvent{Event: event}
	row.Class = cmp.Or(event.Class, journal.ClassDocument)
	row.At, row.By, row.Basis = event.At.UTC(), Bytes(event.By), Bytes(event.Basis)
	var err error
	if row.Sealed, err = keys[eventRef(event)].Encrypt(event.Payload, eventPlace(event)); err != nil {
		return row, fmt.Errorf("rows: seal an event: %w", err)
	}
	row.PrevHash, row.Hash = prev, journal.EventHash(prev, row)
	return row, nil
}

// OpenEvents opens the history of one subject. Where its key is missing, an event is marked as
// erased; where an event does not open with its key, the error is journal.ErrUnreadable.
func OpenEvents(keys Keys, sealed []journal.SealedEvent) ([]journal.Event, error) {
	events := make([]journal.Event, 0, len(sealed))
	for _, row := range sealed {
		event := row.Event
		event.By, event.Basis = OrNil(event.By), OrNil(event.Basis)
		if key := keys[eventRef(event)]; key == nil {
			event.Erased = true
		} else {
			payload, err := key.Decrypt(row.Sealed, eventPlace(event))
			if err != nil {
				return nil, fmt.Errorf("rows: open event %d of %s: %w", event.Version, event.Subject, journal.ErrUnreadable)
			}
			event.Payload = OrNil(payload)
		}
		events = append(events, event)
	}
	return events, nil
}

// eventRef names the key of an event.
func eventRef(e journal.Event) seal.Ref {
	return Ref(e.Subject, cmp.Or(e.Class, journal.ClassDocument))
}

// HistoryRef names the key that opens the history of a subject; all events of a subject have the
// same class.
func HistoryRef(first journal.SealedEvent) seal.Ref { return eventRef(first.Event) }

// deliveryRef names the key of a delivery.
func deliveryRef(d journal.Delivery) seal.Ref { return Ref(d.Subject, classOf(d).Share(d.Share)) }

func classOf(d journal.Delivery) journal.Class {
	if d.Class == "" {
		return journal.ClassCorrespondence
	}
	return d.Class
}

// Delivery is a delivery as it is stored.
type Delivery struct {
	journal.Delivery
	Sealed []byte
}

// Deliver gives a delivery the next sequence of its mailbox, chains and seals it, and returns the
// mailbox's new position.
func Deliver(keys Keys, delivery journal.Delivery, last journal.Position) (Delivery, journal.Position, error) {
	row := Delivery{Delivery: delivery}
	row.Class = classOf(delivery)
	row.Sequence = last.Sequence + 1
	row.Record = journal.Stamp(delivery.Record, row.Sequence)
	row.Nonce = make([]byte, journal.NonceSize)
	if _, err := rand.Read(row.Nonce); err != nil {
		return row, last, fmt.Errorf("rows: nonce: %w", err)
	}
	row.ContentHash = journal.ContentHash(row.Nonce, row.Record)
	row.ChainHash = journal.ChainHash(last.ChainHash, row.ContentHash)
	var err error
	content := slices.Concat(row.Nonce, row.Record)
	if row.Sealed, err = keys[deliveryRef(row.Delivery)].Encrypt(content, deliveryPlace(row.Delivery)); err != nil {
		return row, last, fmt.Errorf("rows: seal a delivery: %w", err)
	}
	return row, journal.Position{Sequence: row.Sequence, ChainHash: row.ChainHash}, nil
}

// OpenDelivery opens a delivery. Where its key is missing, it returns a tombstone; where the
// delivery does not open with its key, the error is journal.ErrUnreadable.
func OpenDelivery(keys Keys, row Delivery) (journal.Delivery, error) {
	key := keys[deliveryRef(row.Delivery)]
	if key == nil {
		row.Tombstone = true
		return row.Delivery, nil
	}
	content, err := key.Decrypt(row.Sealed, deliveryPlace(row.Delivery))
	if err != nil || len(content) < journal.NonceSize {
		return row.Delivery, fmt.Errorf("rows: open message %d of the mailbox of %s: %w", row.Sequence, row.Agency, journal.ErrUnreadable)
	}
	row.Nonce, row.Record = content[:journal.NonceSize:journal.NonceSize], content[journal.NonceSize:]
	return row.Delivery, nil
}

// OpenMailbox opens deliveries in their order. A delivery that does not open is marked as
// unreadable, and the others are still returned.
func OpenMailbox(keys Keys, sealed []Delivery) []journal.Delivery {
	deliveries := make([]journal.Delivery, 0, len(sealed))
	for _, row := range sealed {
		delivery, err := OpenDelivery(keys, row)
		delivery.Unreadable, delivery.Size = err != nil, len(row.Sealed)
		deliveries = append(deliveries, delivery)
	}
	return deliveries
}

// Until returns a function that takes rows one by one and returns true when their sealed size has
// reached most bytes; with 0, it never does.
func Until(most int) func(Delivery) bool {
	size := 0
	return func(row Delivery) bool {
		size += len(row.Sealed)
		return most > 0 && size >= most
	}
}

// DeliveryRefs names the keys that open deliveries.
func DeliveryRefs(sealed []Delivery) []seal.Ref {
	refs := make([]seal.Ref, 0, len(sealed))
	for _, row := range sealed {
		refs = append(refs, deliveryRef(row.Delivery))
	}
	return refs
}

// SealClient seals the client's identity.
func SealClient(keys Keys, subject string, client []byte) ([]byte, error) {
	sealed, err := keys[Ref(subject, journal.ClassIdentity)].Encrypt(client, clientPlace(subject))
	if err != nil {
		return nil, fmt.Errorf("rows: seal a client: %w", err)
	}
	return sealed, nil
}

// OpenClient opens an identity that SealClient sealed; journal.ErrNotFound where its key is
// missing.
func OpenClient(keys Keys, subject string, sealed []byte) ([]byte, error) {
	key := keys[Ref(subject, journal.ClassIdentity)]
	if key == nil {
		return nil, journal.ErrNotFound
	}
	client, err := key.Decrypt(sealed, clientPlace(subject))
	if err != nil {
		return nil, fmt.Errorf("rows: open the client of %s", subject)
	}
	return client, nil
}
