package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// write sends all rows and the commit in one round trip.
func (v *view) write(ctx context.Context, conn *pgx.Conn) error {
	batch := &pgx.Batch{}
	v.writeEvents(batch)
	v.writeDerived(batch)
	for _, fresh := range []bool{true, false} {
		v.writeStreams(batch, fresh)
		v.writeWorklistEntries(batch, fresh)
	}
	v.writeCompletions(batch)
	v.writeEnds(batch)
	v.writeDeliveries(batch)
	v.writeBoxes(batch)
	v.writeUniqueKeys(batch)
	v.writeConsumers(batch)
	v.writeParked(batch)
	v.records.write(batch)
	v.writeAccesses(batch)
	v.writeCounters(batch)
	v.writeNotified(batch)
	v.writeRest(batch)
	batch.Queue("COMMIT")
	one := sessionOf(conn.PgConn())
	one.warned.Store(false)
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("postgres: append: %w", err)
	}
	if one.warned.Load() {
		return fmt.Errorf("postgres: append: %w", errCutShort)
	}
	return nil
}

func (v *view) writeEvents(batch *pgx.Batch) {
	if len(v.events) == 0 {
		return
	}
	n := len(v.events)
	subject, id, kind, client, caseID, trace, class := texts(n), texts(n), texts(n), texts(n), texts(n), texts(n), texts(n)
	version, at := numbers(n), numbers(n)
	by, basis, sealed, hash, prev := blobs(n), blobs(n), blobs(n), blobs(n), blobs(n)
	for i, e := range v.events {
		subject[i], id[i], kind[i], client[i], caseID[i], trace[i], class[i] = e.Subject, e.ID, e.Type, e.Client, e.Case, e.Trace, string(e.Class)
		version[i], at[i] = int64(e.Version), e.At.UnixMicro() //nolint:gosec // counts from 1
		by[i], basis[i], sealed[i], hash[i], prev[i] = e.By, e.Basis, e.Sealed, e.Hash, e.PrevHash
	}
	batch.Queue(`INSERT INTO events (subject, version, id, type, client, case_id, by, basis, at, trace, class, sealed, hash, prev_hash)
		SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[], $9::bigint[],
			$10::text[], $11::text[], $12::bytea[], $13::bytea[], $14::bytea[])`,
		subject, version, id, kind, client, caseID, by, basis, at, trace, class, sealed, hash, prev)
}

// merged is the end of an insert whose rows may already exist. Most rows are of a subject that was
// just started; for these the insert is plain, which costs half.
func merged(fresh bool, conflict string) string {
	if fresh {
		return ""
	}
	return conflict
}

func (v *view) writeStreams(batch *pgx.Batch, fresh bool) {
	var subject, service, client, caseID []string
	var state []int32
	var version, next []int64
	var head [][]byte
	var ended []bool
	for _, l := range v.streams {
		if v.started[l.Subject] != fresh {
			continue
		}
		subject, service, client, caseID = append(subject, l.Subject), append(service, l.Service), append(client, l.Client), append(caseID, l.Case)
		state, version, next = append(state, l.State), append(version, int64(l.Version)), append(next, rows.Micros(l.NextCheckAt, rows.Never)) //nolint:gosec // counts from 1
		head, ended = append(head, v.subjects[l.Subject].hash), append(ended, l.Ended)
	}
	if len(subject) == 0 {
		return
	}
	batch.Queue(`INSERT INTO loops (subject, service, client, case_id, state, version, head, next_check_at, ended, derived)
		SELECT *, version FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::bigint[], $7::bytea[], $8::bigint[], $9::boolean[])
			AS l (subject, service, client, case_id, state, version, head, next_check_at, ended)`+
		merged(fresh, ` ON CONFLICT (subject) DO UPDATE SET state = excluded.state, version = excluded.version, head = excluded.head,
			next_check_at = excluded.next_check_at, ended = excluded.ended, derived = excluded.derived`),
		subject, service, client, caseID, state, version, head, next, ended)
}

func (v *view) writeWorklistEntries(batch *pgx.Batch, fresh bool) {
	entries := make([]journal.WorklistEntry, 0, len(v.entries))
	for _, s := range v.entries {
		if v.started[s.Subject] == fresh {
			entries = append(entries, s)
		}
	}
	if len(entries) == 0 {
		return
	}
	n := len(entries)
	subject, agency, role, unit, worker, client := texts(n), texts(n), texts(n), texts(n), texts(n), texts(n)
	caseID, waitingOn, number, parts, second, onCall := texts(n), texts(n), texts(n), texts(n), texts(n), texts(n)
	state, phase, urgency, marks := make([]int32, n), make([]int32, n), make([]int32, n), make([]int32, n)
	due, version, started, withdrawn, onCallAt := numbers(n), numbers(n), numbers(n), numbers(n), numbers(n)
	overdue, hidden, ended, touched := make([]bool, n), make([]bool, n), make([]bool, n), make([]bool, n)
	for i, s := range entries {
		subject[i], agency[i], role[i], unit[i], worker[i], client[i], caseID[i] = s.Subject, s.Agency, string(s.Role), s.Unit, s.Worker, s.Client, s.Case
		state[i], phase[i], waitingOn[i], version[i], urgency[i] = s.State, s.Phase, s.WaitingOn, int64(s.Version), s.Urgency //nolint:gosec // counts from 1
		due[i], started[i], withdrawn[i] = rows.Micros(s.DueAt, rows.Never), rows.Micros(s.StartedAt, 0), rows.Micros(s.WithdrawnAt, 0)
		overdue[i], hidden[i], ended[i], touched[i] = s.Overdue, s.Hidden, s.Ended, s.Touched
		number[i], parts[i], second[i], marks[i] = s.Number, s.Parts, s.Second, s.Marks
		onCall[i], onCallAt[i] = s.OnCall, rows.Micros(s.OnCallAt, 0)
	}
	batch.Queue(`INSERT INTO standings (`+entryColumns+`)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[], $9::integer[],
			$10::text[], $11::bigint[], $12::boolean[], $13::boolean[], $14::boolean[], $15::bigint[], $16::bigint[], $17::integer[], $18::bigint[], $19::boolean[], $20::text[], $21::text[], $22::text[], $23::integer[], $24::text[], $25::bigint[])`+
		merged(fresh, ` ON CONFLICT (subject, agency) DO UPDATE SET role = excluded.role, unit = excluded.unit, worker = excluded.worker, client = excluded.client,
			case_id = excluded.case_id, state = excluded.state, phase = excluded.phase, waiting_on = excluded.waiting_on, due_at = excluded.due_at,
			overdue = excluded.overdue, hidden = excluded.hidden, ended = excluded.ended, version = excluded.version, started_at = excluded.started_at,
			urgency = excluded.urgency, withdrawn_at = excluded.withdrawn_at, touched = excluded.touched, number = excluded.number, parts = excluded.parts,
			second = excluded.second, marks = excluded.marks, on_call = excluded.on_call, on_call_at = excluded.on_call_at`),
		subject, agency, role, unit, worker, client, caseID, state, phase, waitingOn, due, overdue, hidden, ended, version, started, urgency, withdrawn, touched, number, parts, second, marks, onCall, onCallAt)
}

func (v *view) writeDeliveries(batch *pgx.Batch) {
	if len(v.deliveries) == 0 {
		return
	}
	n := len(v.deliveries)
	agency, id, subject, trace, class, share := texts(n), texts(n), texts(n), texts(n), texts(n), texts(n)
	sequence, version := numbers(n), numbers(n)
	sealed, content, chain := blobs(n), blobs(n), blobs(n)
	for i, d := range v.deliveries {
		agency[i], id[i], subject[i], trace[i], class[i], share[i] = d.Agency, d.ID, d.Subject, d.Trace, string(d.Class), d.Share
		sequence[i], version[i] = int64(d.Sequence), int64(d.SubjectVersion) //nolint:gosec // count from 1
		sealed[i], content[i], chain[i] = d.Sealed, d.ContentHash, d.ChainHash
	}
	batch.Queue(`INSERT INTO deliveries (agency, sequence, id, subject, subject_version, sealed, content_hash, chain_hash, trace, class, share)
		SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bytea[], $7::bytea[], $8::bytea[], $9::text[], $10::text[], $11::text[])`,
		agency, sequence, id, subject, version, sealed, content, chain, trace, class, share)
}

func (v *view) writeBoxes(batch *pgx.Batch) {
	if len(v.movedPositions) == 0 {
		return
	}
	var agency []string
	var sequence []int64
	var chain [][]byte
	for name := range v.movedPositions {
		head := v.positions[name]
		agency, sequence, chain = append(agency, name), append(sequence, int64(head.Sequence)), append(chain, head.ChainHash) //nolint:gosec // counts from 1
	}
	batch.Queue(`INSERT INTO mailboxes (agency, sequence, chain) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[])
		ON CONFLICT (agency) DO UPDATE SET sequence = excluded.sequence, chain = excluded.chain`, agency, sequence, chain)
}

func (v *view) writeUniqueKeys(batch *pgx.Batch) {
	var gone []string
	made, moved := uniqueKeyRows{}, uniqueKeyRows{}
	for name := range v.movedKeys {
		switch key := v.uniqueKeys[name]; {
		case key.Subject == "":
			gone = append(gone, name)
		case v.heldKeys[name]:
			moved.add(name, key)
		default:
			made.add(name, key)
		}
	}
	made.write(batch, "")
	moved.write(batch, ` ON CONFLICT (key) DO UPDATE SET subject = excluded.subject, version = excluded.version, digest = excluded.digest`)
	if len(gone) > 0 {
		batch.Queue(`DELETE FROM claims WHERE key = ANY($1)`, gone)
	}
}

type uniqueKeyRows struct {
	key, subject []string
	version      []int64
	digest       [][]byte
}

func (r *uniqueKeyRows) add(name string, key journal.UniqueKey) {
	r.key, r.subject = append(r.key, name), append(r.subject, key.Subject)
	r.version, r.digest = append(r.version, int64(key.Version)), append(r.digest, rows.Bytes(key.Digest)) //nolint:gosec // counts from 1
}

func (r *uniqueKeyRows) write(batch *pgx.Batch, conflict string) {
	if len(r.key) > 0 {
		batch.Queue(`INSERT INTO claims (key, subject, version, digest) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[])`+conflict,
			r.key, r.subject, r.version, r.digest)
	}
}

func (v *view) writeConsumers(batch *pgx.Batch) {
	if len(v.movedConsumers) == 0 {
		return
	}
	var agency, name []string
	var sequence, epoch, at []int64
	for key := range v.movedConsumers {
		c := v.consumers[key]
		agency, name = append(agency, key.agency), append(name, key.name)
		sequence, epoch, at = append(sequence, int64(c.Sequence)), append(epoch, int64(c.Epoch)), append(at, c.At.UnixMicro()) //nolint:gosec // count from 0
	}
	batch.Queue(`INSERT INTO consumers (agency, name, sequence, takeover, at)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
		ON CONFLICT (agency, name) DO UPDATE SET sequence = excluded.sequence, takeover = excluded.takeover, at = excluded.at`,
		agency, name, sequence, epoch, at)
}

func (v *view) writeAccesses(batch *pgx.Batch) {
	if len(v.accesses) == 0 {
		return
	}
	n := len(v.accesses)
	role, onBehalfOf, subject, client, method, purpose, trace := texts(n), texts(n), texts(n), texts(n), texts(n), texts(n), texts(n)
	at, by, basis, head := numbers(n), blobs(n), blobs(n), blobs(n)
	for i, a := range v.accesses {
		role[i], onBehalfOf[i], subject[i], client[i], method[i], purpose[i], trace[i] = a.Role, a.OnBehalfOf, a.Subject, a.Client, a.Method, a.Purpose, a.Trace
		at[i], by[i], basis[i], head[i] = a.At.UnixMicro(), rows.Bytes(a.By), rows.Bytes(a.Basis), rows.Bytes(a.Head)
	}
	batch.Queue(`INSERT INTO accesses (`+accessColumns+`)
		SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::text[], $11::bytea[])`,
		at, by, role, onBehalfOf, subject, client, method, purpose, basis, trace, head)
}

func (v *view) writeRest(batch *pgx.Batch) {
	if len(v.clients) > 0 {
		var subjects []string
		var sealed [][]byte
		for subject, client := range v.clients {
			subjects, sealed = append(subjects, subject), append(sealed, client)
		}
		batch.Queue(`INSERT INTO clients (subject, sealed) SELECT * FROM unnest($1::text[], $2::bytea[])`, subjects, sealed)
	}
	for key, value := range v.settings {
		batch.Queue(`INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	}
	if v.erasures > 0 {
		batch.Queue(`UPDATE erasures SET count = count + $1`, v.erasures)
	}
}

func texts(n int) []string  { return make([]string, n) }
func numbers(n int) []int64 { return make([]int64, n) }
func blobs(n int) [][]byte  { return make([][]byte, n) }
