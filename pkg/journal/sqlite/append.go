package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// Append makes a batch durable, whole or not at all.
func (s *Store) Append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	if err := batch.Check(); err != nil {
		return journal.Appended{}, err
	}
	var appended journal.Appended
	err := s.submit(ctx, &task{needs: rows.Needs(batch), apply: func(ctx context.Context, tx *sql.Tx, keys rows.Keys) error {
		a := &appending{tx: tx, keys: keys, batch: batch, heads: map[string][]byte{}}
		var err error
		appended, err = a.run(ctx)
		return err
	}})
	if err != nil {
		return journal.Appended{}, err
	}
	return appended, nil
}

// appending applies one batch within a transaction.
type appending struct {
	tx    *sql.Tx
	keys  rows.Keys
	batch journal.Batch
	// heads holds the hash of the last event of each subject that the batch touches.
	heads map[string][]byte
}

func (a *appending) run(ctx context.Context) (journal.Appended, error) {
	for _, part := range []func(context.Context) error{
		a.versions, a.uniqueKeys, a.events, a.streams, a.derived, a.ends, a.entries, a.clients, a.accesses, a.counters,
	} {
		if err := part(ctx); err != nil {
			return journal.Appended{}, err
		}
	}
	return a.deliveries(ctx)
}

// versions refuses the batch if a subject is at another version than expected.
func (a *appending) versions(ctx context.Context) error {
	for subject, expected := range a.batch.Expected {
		var version uint64
		var head []byte
		err := a.tx.QueryRowContext(ctx, `SELECT version, head FROM loops WHERE subject = ?`, subject).Scan(&version, &head)
		if errors.Is(err, sql.ErrNoRows) {
			head = journal.Genesis()
		} else if err != nil {
			return fmt.Errorf("sqlite: read a version: %w", err)
		}
		if version != expected {
			return &journal.ConflictError{Subject: subject}
		}
		a.heads[subject] = head
	}
	for subject, seen := range a.batch.Seen {
		var version uint64
		err := a.tx.QueryRowContext(ctx, `SELECT version FROM loops WHERE subject = ?`, subject).Scan(&version)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("sqlite: read a version: %w", err)
		}
		if version != seen {
			return &journal.ConflictError{Subject: subject}
		}
	}
	return nil
}

// uniqueKeys moves each unique key from the subject that must hold it.
func (a *appending) uniqueKeys(ctx context.Context) error {
	for _, change := range a.batch.UniqueKeys {
		var result sql.Result
		var err error
		switch {
		case change.From == "":
			result, err = a.tx.ExecContext(ctx, `INSERT INTO claims (key, subject, version, digest) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
				change.Key, change.Subject, change.Version, rows.Bytes(change.Digest))
		case change.Subject == "":
			result, err = a.tx.ExecContext(ctx, `DELETE FROM claims WHERE key = ? AND subject = ?`, change.Key, change.From)
		default:
			result, err = a.tx.ExecContext(ctx, `UPDATE claims SET subject = ?, version = ?, digest = ? WHERE key = ? AND subject = ?`,
				change.Subject, change.Version, rows.Bytes(change.Digest), change.Key, change.From)
		}
		if err != nil {
			return fmt.Errorf("sqlite: write unique keys: %w", err)
		}
		if changed, err := result.RowsAffected(); err != nil || changed != 1 {
			return errors.Join(err, &journal.ConflictError{UniqueKey: change.Key})
		}
	}
	return nil
}

func (a *appending) events(ctx context.Context) error {
	for _, event := range a.batch.Events {
		row, err := rows.SealEvent(a.keys, event, a.heads[event.Subject])
		if err != nil {
			return err
		}
		if _, err := a.tx.ExecContext(ctx, `INSERT INTO events
			(subject, version, id, type, client, case_id, by, basis, at, trace, class, sealed, hash, prev_hash)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			row.Subject, row.Version, row.ID, row.Type, row.Client, row.Case, row.By, row.Basis,
			row.At.UnixMicro(), row.Trace, string(row.Class), row.Sealed, row.Hash, row.PrevHash); err != nil {
			return fmt.Errorf("sqlite: insert an event: %w", err)
		}
		a.heads[event.Subject] = row.Hash
	}
	return nil
}

func (a *appending) streams(ctx context.Context) error {
	for _, stream := range a.batch.Streams {
		if _, err := a.tx.ExecContext(ctx, `INSERT INTO loops
			(subject, service, client, case_id, state, version, head, next_check_at, ended, derived) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?6)
			ON CONFLICT (subject) DO UPDATE SET state = excluded.state, version = excluded.version, head = excluded.head,
			next_check_at = excluded.next_check_at, ended = excluded.ended, derived = excluded.derived`,
			stream.Subject, stream.Service, stream.Client, stream.Case, stream.State, stream.Version, a.heads[stream.Subject],
			rows.Micros(stream.NextCheckAt, rows.Never), stream.Ended); err != nil {
			return fmt.Errorf("sqlite: write a stream: %w", err)
		}
	}
	return nil
}

func (a *appending) entries(ctx context.Context) error {
	for _, row := range a.batch.WorklistEntries {
		if _, err := a.tx.ExecContext(ctx, `INSERT OR REPLACE INTO standings
			(`+entryColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			row.Subject, row.Agency, string(row.Role), row.Unit, row.Worker, row.Client, row.Case, row.State, row.Phase, row.WaitingOn,
			rows.Micros(row.DueAt, rows.Never), row.Overdue, row.Hidden, row.Ended, row.Version, rows.Micros(row.StartedAt, 0), row.Urgency, rows.Micros(row.WithdrawnAt, 0), row.Touched,
			row.Number, row.Parts, row.Second, row.Marks, row.OnCall, rows.Micros(row.OnCallAt, 0)); err != nil {
			return fmt.Errorf("sqlite: write a worklist entry: %w", err)
		}
	}
	return nil
}

func (a *appending) clients(ctx context.Context) error {
	for subject, client := range a.batch.Clients {
		sealed, err := rows.SealClient(a.keys, subject, client)
		if err != nil {
			return err
		}
		if _, err := a.tx.ExecContext(ctx, `INSERT INTO clients (subject, sealed) VALUES (?, ?)`, subject, sealed); err != nil {
			return fmt.Errorf("sqlite: write a client: %w", err)
		}
	}
	return nil
}

func (a *appending) accesses(ctx context.Context) error {
	for _, row := range a.batch.Accesses {
		if _, err := a.tx.ExecContext(ctx, `INSERT INTO accesses (`+accessColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			row.At.UnixMicro(), rows.Bytes(row.By), row.Role, row.OnBehalfOf, row.Subject, row.Client, row.Method, row.Purpose,
			rows.Bytes(row.Basis), row.Trace, rows.Bytes(a.heads[row.Subject])); err != nil {
			return fmt.Errorf("sqlite: write an access: %w", err)
		}
	}
	return nil
}

// deliveries gives each message its sequence. It comes last: after it, only a failure that also
// rolls back the sequences can stop the batch.
func (a *appending) deliveries(ctx context.Context) (journal.Appended, error) {
	positions := map[string]journal.Position{}
	appended := journal.Appended{Positions: map[string]uint64{}}
	for _, delivery := range a.batch.Deliveries {
		position, known := positions[delivery.Agency]
		if !known {
			var err error
			if position, err = mailbox(ctx, a.tx, delivery.Agency); err != nil {
				return appended, err
			}
		}
		next, err := a.deliver(ctx, delivery, position)
		if err != nil {
			return appended, err
		}
		positions[delivery.Agency] = next
	}
	for agency, position := range positions {
		if _, err := a.tx.ExecContext(ctx, `INSERT INTO mailboxes (agency, sequence, chain) VALUES (?, ?, ?)
			ON CONFLICT (agency) DO UPDATE SET sequence = excluded.sequence, chain = excluded.chain`,
			agency, position.Sequence, position.ChainHash); err != nil {
			return appended, fmt.Errorf("sqlite: move a mailbox: %w", err)
		}
		appended.Positions[agency] = position.Sequence
	}
	return appended, nil
}

func mailbox(ctx context.Context, tx *sql.Tx, agency string) (journal.Position, error) {
	position := journal.Position{ChainHash: journal.Genesis()}
	err := tx.QueryRowContext(ctx, `SELECT sequence, chain FROM mailboxes WHERE agency = ?`, agency).Scan(&position.Sequence, &position.ChainHash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return position, fmt.Errorf("sqlite: read a mailbox: %w", err)
	}
	return position, nil
}

func (a *appending) deliver(ctx context.Context, delivery journal.Delivery, position journal.Position) (journal.Position, error) {
	row, next, err := rows.Deliver(a.keys, delivery, position)
	if err != nil {
		return position, err
	}
	if _, err := a.tx.ExecContext(ctx, `INSERT INTO deliveries
		(agency, sequence, id, subject, subject_version, sealed, content_hash, chain_hash, trace, class, share) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		row.Agency, row.Sequence, row.ID, row.Subject, row.SubjectVersion, row.Sealed, row.ContentHash, row.ChainHash, row.Trace, string(row.Class), row.Share); err != nil {
		return position, fmt.Errorf("sqlite: insert a delivery: %w", err)
	}
	return next, nil
}
