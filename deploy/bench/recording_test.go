//go:build bench

package bench

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// recording is what a story left in the store, opened.
type recording struct {
	story
	// ends is when the story ends, and slack how much later its matters can be looked at before something
	// becomes due in them.
	ends  time.Time
	slack time.Duration

	events     []journal.Event
	streams    []journal.Stream
	entries    []journal.WorklistEntry
	deliveries []journal.Delivery
	keys       []journal.UniqueKey
	accesses   []journal.Access
	clients    map[string][]byte
	counters   []journal.Counter
}

const (
	// longest is how old a matter can be in which nothing becomes due any more, or that has ended.
	longest = 300 * day
	// margin keeps due times out of the time that filling and measuring take.
	margin = 2 * time.Hour
	// accessesEach is how many accesses of a story are kept, so that the disk holds the country.
	accessesEach = 2
)

// record plays a story and reads what it left.
func (h *harness) record(one story) *recording {
	h.t.Helper()
	database := h.env.NewDatabase()
	p := h.newPlayer(database)
	one.play(p)
	r := &recording{story: one, ends: p.clock, slack: longest, clients: map[string][]byte{}}
	store, ctx := h.journalOf(database), context.Background()
	defer func() { _ = store.Close() }()
	for stream, err := range store.RawStreams(ctx) {
		h.must(err)
		r.streams = append(r.streams, stream.Stream)
		if !stream.NextCheckAt.IsZero() {
			r.slack = min(r.slack, stream.NextCheckAt.Sub(r.ends)-margin)
		}
		r.events = append(r.events, testkit.Must(store.Load(ctx, stream.Subject))[0]...)
		r.clients[stream.Subject] = testkit.Must(store.Client(ctx, stream.Subject))
	}
	for entry, err := range store.RawWorklistEntries(ctx) {
		h.must(err)
		r.entries = append(r.entries, entry)
	}
	for delivery, err := range store.RawDeliveries(ctx) {
		h.must(err)
		delivery.Record = unstamped(delivery.Delivery)
		r.deliveries = append(r.deliveries, delivery.Delivery)
	}
	for key, err := range store.RawUniqueKeys(ctx) {
		h.must(err)
		r.keys = append(r.keys, key)
	}
	for access, err := range store.RawAccesses(ctx) {
		h.must(err)
		if len(r.accesses) < accessesEach {
			r.accesses = append(r.accesses, access)
		}
	}
	r.counters = h.counters(database)
	if r.slack <= 0 {
		h.t.Fatalf("%s: something is due %v after its end", one.name, r.slack)
	}
	return r
}

func (h *harness) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) counters(database string) (all []journal.Counter) {
	h.t.Helper()
	conn := h.connectTo(database, "concern")
	found, err := conn.Query(context.Background(), `SELECT subject, what, sender, receiver, at, waited FROM tallies`)
	h.must(err)
	_, err = pgx.CollectRows(found, func(row pgx.CollectableRow) (none struct{}, err error) {
		var one journal.Counter
		var at, waited int64
		err = row.Scan(&one.Subject, &one.What, &one.Sender, &one.Receiver, &at, &waited)
		one.At, one.Waited = time.UnixMicro(at).UTC(), time.Duration(waited)*time.Second
		all = append(all, one)
		return none, err
	})
	h.must(err)
	return all
}

// connectTo is a connection to a schema, as the database's owner.
func (h *harness) connectTo(database, schema string) *pgx.Conn {
	h.t.Helper()
	conn, err := pgx.Connect(context.Background(), h.env.Postgres.DSN(database, "postgres", schema))
	h.must(err)
	h.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// unstamped is a record as a batch has it: without the sequence that journal.Stamp appended.
func unstamped(d journal.Delivery) []byte {
	return d.Record[:len(d.Record)-1-len(binary.AppendUvarint(nil, d.Sequence))]
}

// later returns the recording as if all of it had happened later.
func (r *recording) later(by time.Duration) *recording {
	moved := *r
	moved.events, moved.streams, moved.entries, moved.deliveries, moved.accesses, moved.counters = nil, nil, nil, nil, nil, nil
	at := func(t time.Time) time.Time {
		if t.IsZero() {
			return t
		}
		return t.Add(by)
	}
	for _, e := range r.events {
		e.At, e.Payload, e.Basis = at(e.At), laterIn(e.Type, e.Payload, by), laterIn(basisName, e.Basis, by)
		moved.events = append(moved.events, e)
	}
	for _, s := range r.streams {
		s.NextCheckAt = at(s.NextCheckAt)
		moved.streams = append(moved.streams, s)
	}
	for _, w := range r.entries {
		w.DueAt, w.WithdrawnAt, w.StartedAt, w.OnCallAt = at(w.DueAt), at(w.WithdrawnAt), at(w.StartedAt), at(w.OnCallAt)
		moved.entries = append(moved.entries, w)
	}
	for _, d := range r.deliveries {
		d.Record = laterIn(recordName, d.Record, by)
		moved.deliveries = append(moved.deliveries, d)
	}
	for _, a := range r.accesses {
		a.At, a.Basis = at(a.At), laterIn(basisName, a.Basis, by)
		moved.accesses = append(moved.accesses, a)
	}
	for _, c := range r.counters {
		c.At = at(c.At)
		c.Month = matter.Month(c.At)
		moved.counters = append(moved.counters, c)
	}
	return &moved
}

var (
	basisName  = string((&commonv1.LegalBasis{}).ProtoReflect().Descriptor().FullName())
	recordName = string((&exchangev1.CaseMessage{}).ProtoReflect().Descriptor().FullName())
)

// laterIn moves all times in a serialized message.
func laterIn(name string, body []byte, by time.Duration) []byte {
	if len(body) == 0 {
		return body
	}
	message := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))).New()
	if err := proto.Unmarshal(body, message.Interface()); err != nil {
		panic(err)
	}
	moveTimes(message, by)
	return testkit.Must(proto.MarshalOptions{Deterministic: true}.Marshal(message.Interface()))
}

func moveTimes(message protoreflect.Message, by time.Duration) {
	switch one := message.Interface().(type) {
	case *timestamppb.Timestamp:
		one.Seconds += int64(by / time.Second)
		return
	case *anypb.Any:
		one.Value = laterIn(string(one.MessageName()), one.GetValue(), by)
		return
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Message() == nil || field.IsMap():
		case field.IsList():
			for i := range value.List().Len() {
				moveTimes(value.List().Get(i).Message(), by)
			}
		default:
			moveTimes(value.Message(), by)
		}
		return true
	})
}
