package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

var (
	// errCut says that a connection was lost, and that the transaction on it did not commit.
	errCut = errors.New("postgres: the connection was lost before the commit")
	// errUnsettled says that it is not known whether a transaction committed.
	errUnsettled = errors.New("postgres: the connection was lost, and the outcome of the commit is not known yet")
)

// resolve finds out what became of a group whose connection was lost during the commit. It returns
// nil where the group committed, errCut where it did not, and errUnsettled where this is not known.
//
// It asks in a new session. Once that session has the lock, the transaction has ended, either way.
// A row of it that is then visible counts only after a later commit has been replicated, because
// the row may be visible only since a server lost its standby, or crashed, while the commit waited
// for the standby.
func (s *Store) resolve(outcomes []outcome, cut error) error {
	marks, moves := marksOf(outcomes)
	if len(marks) == 0 && moves == nil {
		// Changes without a mark may be made twice.
		return errors.Join(errCut, cut)
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.writer.sessions.bounds.lock+s.writer.sessions.bounds.answer)
	defer cancel()
	conn, err := s.writer.sessions.connect(ctx)
	if err != nil {
		return errors.Join(errUnsettled, cut, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var found int
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue(takeLock)
	var last recordRevision
	if len(marks) > 0 {
		batch.Queue(`SELECT count(*) FROM events WHERE id = ANY($1)`, marks).QueryRow(func(row pgx.Row) error { return row.Scan(&found) })
	} else {
		lookUp(batch, []string{moves.agency}, `SELECT revision, mark FROM record_revisions WHERE agency = ANY($1)`, func(row pgx.Rows) error {
			return row.Scan(&last.revision, &last.mark)
		})
	}
	batch.Queue(emitMessage)
	batch.Queue("COMMIT")
	one := sessionOf(conn.PgConn())
	one.warned.Store(false)
	err = conn.SendBatch(ctx, batch).Close()
	switch {
	case err != nil:
		return errors.Join(errUnsettled, cut, err)
	case one.warned.Load():
		return errors.Join(errUnsettled, cut, errCutShort)
	case len(marks) > 0 && found == len(marks), len(marks) == 0 && last.mark == moves.mark:
		return nil
	case len(marks) == 0 && last.revision > moves.revision:
		// Another process has changed the agency's records since, and only its mark is left.
		return errors.Join(errUnsettled, cut)
	default:
		return errors.Join(errCut, cut)
	}
}

// marksOf returns what shows whether a group was committed: the ids of its events, and the revision
// of its last change of records, which is nil where it changes none.
func marksOf(outcomes []outcome) (marks []string, moves *recordRevision) {
	for _, one := range outcomes {
		switch {
		case one.err != nil:
		case one.Change.mark != "":
			marks = append(marks, one.Change.mark)
		case one.Change.moves != nil:
			moves = one.Change.moves
		}
	}
	return marks, moves
}

// Settled returns once everything that the store has shown so far survives the loss of its server.
func (s *Store) Settled(ctx context.Context) error {
	conn, err := s.read.Acquire(ctx)
	if err != nil {
		return wrap("settled", err)
	}
	defer conn.Release()
	return s.writer.sessions.replicated(ctx, conn.Conn().PgConn(), sessionOf(conn.Conn().PgConn()))
}

// leave closes the sessions with a server that has become read-only. Where the connection string
// names several servers, another is the primary now.
func (s *Store) leave(err error) {
	if !isReadOnly(err) {
		return
	}
	s.log.Warn("the database server became read-only; its sessions are closed")
	s.read.Reset()
	s.keys.Reset()
	if s.writer.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.writer.drop(ctx)
	}
}
