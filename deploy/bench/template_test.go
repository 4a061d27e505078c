//go:build bench

package bench

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// template is a recording, at one time, in which names can be replaced by others of the same length.
type template struct {
	recording
	names []name
	parts map[string]part
}

// name is a text of the recording, and what replaces it.
type name struct {
	old  string
	made func(*cast, []string) string
}

// part is a text of the recording, with the places of the names in it.
type part struct {
	text  []byte
	holes []hole
}

type hole struct{ at, name int }

// cast is who takes part in one copy of a story.
type cast struct {
	random  *rand.Rand
	secrets *identity.Secrets
	// number returns a matter's number of 40 bits, another each time: of a million random ones, two are often equal.
	number                   func() uint64
	reporter, receiver, unit int
	worker, second, person   int
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

func templateOf(secrets *identity.Secrets, r *recording) *template {
	t := &template{recording: *r, parts: map[string]part{}}
	texts := r.texts()
	t.add(playedReporter.GetAgency(), func(c *cast, _ []string) string { return reporterNamed(c.reporter) })
	t.add(playedReceiver.GetAgency(), func(c *cast, _ []string) string { return receiverNamed(c.receiver) })
	t.add(playedReceiver.GetUnit(), func(c *cast, _ []string) string { return unitNamed(c.unit) })
	t.add(playedReporter.GetWorker(), func(c *cast, _ []string) string { return handlerNamed(c.worker) })
	t.add(playedReceiver.GetWorker(), func(c *cast, _ []string) string { return workerNamed(c.worker) })
	t.add(playedSecond, func(c *cast, _ []string) string { return workerNamed(c.second) })
	t.add(testkit.PersonCode(playedPerson), func(c *cast, _ []string) string { return testkit.PersonCode(c.person) })
	t.add(r.events[0].Client, func(c *cast, _ []string) string { return clientOf(c.secrets, c.person) })
	client := len(t.names) - 1
	t.addPseudonyms(secrets, identity.KindClient, client)
	at := map[string]time.Time{}
	cases, numbers := map[string]bool{}, map[string]bool{}
	for _, e := range r.events {
		at[e.ID], cases[e.Case] = e.At, true
	}
	for _, w := range r.entries {
		numbers[w.Number] = true
	}
	for _, id := range slices.Sorted(maps.Keys(cases)) {
		t.add(id, func(c *cast, made []string) string { return c.secrets.NewCase(made[client]) })
		t.addPseudonyms(secrets, identity.KindCase, len(t.names)-1)
	}
	for _, number := range slices.Sorted(maps.Keys(numbers)) {
		t.add(number, func(c *cast, _ []string) string {
			return string(matter.NumberOf(binary.BigEndian.AppendUint64(nil, c.number()<<24)))
		})
	}
	found := map[string]bool{}
	for text := range texts {
		for _, id := range uuids.FindAllString(text, -1) {
			found[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		when, is := at[id]
		if !is {
			when = r.events[0].At
		}
		version := id[14]
		t.add(id, func(c *cast, _ []string) string { return drawID(c.random, version, when) })
	}
	for text := range texts {
		t.parts[text] = t.partOf(text)
	}
	return t
}

func (t *template) add(old string, made func(*cast, []string) string) {
	t.names = append(t.names, name{old, made})
}

// addPseudonyms adds the names that both agencies have for an internal id.
func (t *template) addPseudonyms(secrets *identity.Secrets, kind identity.Kind, of int) {
	for i, agency := range []string{playedReporter.GetAgency(), playedReceiver.GetAgency()} {
		t.add(secrets.Pseudonym(kind, agency, t.names[of].old), func(c *cast, made []string) string { return c.secrets.Pseudonym(kind, made[i], made[of]) })
	}
}

func (t *template) partOf(text string) part {
	p := part{text: []byte(text)}
	for n, name := range t.names {
		for at := 0; ; {
			i := bytes.Index(p.text[at:], []byte(name.old))
			if i < 0 {
				break
			}
			p.holes = append(p.holes, hole{at + i, n})
			at += i + len(name.old)
		}
	}
	return p
}

// copied are the texts of one copy.
type copied struct {
	*template
	made []string
}

func (t *template) copy(c *cast) copied {
	made := make([]string, len(t.names))
	for i, name := range t.names {
		made[i] = name.made(c, made)
	}
	return copied{t, made}
}

func (c copied) bytes(text []byte) []byte {
	p := c.parts[string(text)]
	if len(p.holes) == 0 {
		return text
	}
	replaced := bytes.Clone(p.text)
	for _, h := range p.holes {
		copy(replaced[h.at:], c.made[h.name])
	}
	return replaced
}

func (c copied) text(text string) string { return string(c.bytes([]byte(text))) }

func clientOf(secrets *identity.Secrets, person int) string {
	return secrets.ClientID(testkit.Must(idcode.Parse(testkit.PersonCode(person), idcode.AllPersons, time.Now())))
}

func fill(random *rand.Rand, bits []byte) {
	for i := range bits {
		bits[i] = byte(random.Uint32())
	}
}

// drawID draws a UUID of version 4, or of version 7 at a time.
func drawID(random *rand.Rand, version byte, at time.Time) string {
	var id uuid.UUID
	fill(random, id[:])
	id[6], id[8] = id[6]&0x0f|(version-'0')<<4, id[8]&0x3f|0x80
	if version == '7' {
		milli := at.UnixMilli()
		for i := range 6 {
			id[i] = byte(milli >> (40 - 8*i))
		}
	}
	return id.String()
}

// texts are all texts of a recording in which a name can be.
func (r *recording) texts() map[string]bool {
	all := map[string]bool{}
	add := func(texts ...string) {
		for _, text := range texts {
			all[text] = true
		}
	}
	for _, e := range r.events {
		add(e.Subject, e.ID, e.Client, e.Case, string(e.By), string(e.Basis), e.Trace, string(e.Payload))
	}
	for _, w := range r.entries {
		add(w.Subject, w.Agency, w.Unit, w.Worker, w.Client, w.Case, w.WaitingOn, w.Number, w.Parts, w.Second, w.OnCall)
	}
	for _, d := range r.deliveries {
		add(d.Agency, d.ID, d.Subject, d.Trace, d.Share, string(d.Record))
	}
	for _, k := range r.keys {
		add(k.Key, k.Subject)
	}
	for _, a := range r.accesses {
		add(string(a.By), a.Subject, a.Client, a.Purpose, string(a.Basis), a.Trace)
	}
	for subject, client := range r.clients {
		add(subject, string(client))
	}
	for _, c := range r.counters {
		add(c.Subject, c.Sender, c.Receiver)
	}
	for _, s := range r.streams {
		add(s.Subject, s.Client, s.Case)
	}
	return all
}

// batch is one copy as the service would append it: Expected, Seen and Derived are empty.
func (c copied) batch() journal.Batch {
	b := journal.Batch{Clients: map[string][]byte{}}
	for _, e := range c.events {
		e.Subject, e.ID, e.Client, e.Case, e.Trace = c.text(e.Subject), c.text(e.ID), c.text(e.Client), c.text(e.Case), c.text(e.Trace)
		e.By, e.Basis, e.Payload = c.bytes(e.By), c.bytes(e.Basis), c.bytes(e.Payload)
		b.Events = append(b.Events, e)
	}
	for _, s := range c.streams {
		s.Subject, s.Client, s.Case = c.text(s.Subject), c.text(s.Client), c.text(s.Case)
		b.Streams = append(b.Streams, s)
	}
	for _, w := range c.entries {
		w.Subject, w.Agency, w.Unit, w.Worker, w.Client, w.Case = c.text(w.Subject), c.text(w.Agency), c.text(w.Unit), c.text(w.Worker), c.text(w.Client), c.text(w.Case)
		w.WaitingOn, w.Number, w.Parts, w.Second, w.OnCall = c.text(w.WaitingOn), c.text(w.Number), c.text(w.Parts), c.text(w.Second), c.text(w.OnCall)
		b.WorklistEntries = append(b.WorklistEntries, w)
	}
	for _, d := range c.deliveries {
		d.Agency, d.ID, d.Subject, d.Share, d.Record = c.text(d.Agency), c.text(d.ID), c.text(d.Subject), c.text(d.Share), c.bytes(d.Record)
		b.Deliveries = append(b.Deliveries, d)
	}
	for _, k := range c.keys {
		k.Key, k.Subject = c.text(k.Key), c.text(k.Subject)
		b.UniqueKeys = append(b.UniqueKeys, journal.UniqueKeyChange{UniqueKey: k})
	}
	for _, a := range c.accesses {
		a.By, a.Subject, a.Client, a.Purpose, a.Basis = c.bytes(a.By), c.text(a.Subject), c.text(a.Client), c.text(a.Purpose), c.bytes(a.Basis)
		b.Accesses = append(b.Accesses, a)
	}
	for subject, client := range c.clients {
		b.Clients[c.text(subject)] = c.bytes(client)
	}
	for _, one := range c.counters {
		one.Subject, one.Sender, one.Receiver = c.text(one.Subject), c.text(one.Sender), c.text(one.Receiver)
		b.Counters = append(b.Counters, one)
	}
	return b
}
