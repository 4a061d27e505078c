package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// sessions opens the sessions of a store with its server, so that nothing is acknowledged
// and nothing is shown that a failover to a synchronous standby would lose (decision 66):
//
//   - No session sends a cancel request. PostgreSQL answers one that meets a commit waiting
//     for its standby by keeping the commit on this server alone and reporting success.
//   - A warning that such a wait was ended by somebody else is kept: see cutShort.
//   - A new session is used once all that the server shows is replicated: see replicated.
//   - The server ends sessions that stand still inside a transaction or behind a dead line.
type sessions struct {
	config   *pgxpool.Config
	settings map[string]string
	bounds   bounds
	// another is called once the sessions are with another server than before, or with one that
	// has crashed: what was not flushed is lost there.
	another func()

	mu sync.Mutex
	// proof is the session that last proved that the server's commits are replicated.
	proof identity
}

// identity names one session of one server, for as long as that server runs.
type identity struct{ pid, start string }

// bounds are how long is waited.
type bounds struct {
	// idle is how long a session may stand still inside a transaction, and lock how long one
	// waits for a lock. A writer that stands still has the journal's lock: it loses it before
	// another stops waiting for it.
	idle, lock time.Duration
	// answer is how long a server is waited for that says nothing, and a standby that a new
	// session or the search for a lost commit needs.
	answer time.Duration
}

var usualBounds = bounds{idle: 5 * time.Second, lock: 10 * time.Second, answer: 10 * time.Second}

// errReadOnly says that a server takes no writes: a standby, or a primary of before.
var errReadOnly = errors.New("postgres: the server is read-only")

// newSessions reads a connection string; settings hold for every session unless the string
// gives others.
func newSessions(dsn string, c Config, settings map[string]string) (*sessions, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("postgres: connection string: %w", err)
	}
	config.ConnConfig.Tracer = c.Tracer
	s := &sessions{config: config, bounds: cmp.Or(c.bounds, usualBounds), another: func() {}}
	s.settings = map[string]string{
		"lock_timeout": inMillis(s.bounds.lock), "idle_in_transaction_session_timeout": inMillis(s.bounds.idle),
		"tcp_user_timeout": inMillis(s.bounds.answer), "tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3",
	}
	byIndex(s.settings)
	maps.Copy(s.settings, settings)
	// Settings are made once connected: a pooler takes few of them from a client that connects.
	maps.Copy(s.settings, config.ConnConfig.RuntimeParams)
	clear(config.ConnConfig.RuntimeParams)
	for _, name := range []string{"application_name", "options"} {
		if value, given := s.settings[name]; given {
			config.ConnConfig.RuntimeParams[name] = value
			delete(s.settings, name)
		}
	}
	if len(config.ConnConfig.Fallbacks) > 0 && config.ConnConfig.ValidateConnect == nil {
		config.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	config.BeforeConnect = s.prepare
	return s, nil
}

func inMillis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// pool opens a pool of so many sessions, unless the connection string asks for more.
func (s *sessions) pool(ctx context.Context, most int32) (*pgxpool.Pool, error) {
	config := s.config.Copy()
	config.MaxConns = max(config.MaxConns, most)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return pool, nil
}

// connect opens one session.
func (s *sessions) connect(ctx context.Context) (*pgx.Conn, error) {
	config := s.config.ConnConfig.Copy()
	if err := s.prepare(ctx, config); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: connect: %w", err)
	}
	return conn, nil
}

// session is what is known of one session beside what the library knows.
type session struct {
	// uncancelled is set while a commit on it must not be cancelled.
	uncancelled atomic.Bool
	// warned tells that the server has warned of something.
	warned atomic.Bool
}

// sessionKey leads to a session from its connection.
const sessionKey = "koppi session"

// errNoCancel keeps the library from sending a cancel request, for which it dials anew.
var errNoCancel = errors.New("postgres: no cancel request is sent")

// prepare makes a connection's own configuration ready for use; nothing else may use it.
func (s *sessions) prepare(_ context.Context, config *pgx.ConnConfig) error {
	one, dial := &session{}, newDialer(s.bounds.answer)
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if one.uncancelled.Load() {
			return nil, errNoCancel
		}
		return dial.DialContext(ctx, network, address)
	}
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		if notice.SeverityUnlocalized == "WARNING" {
			one.warned.Store(true)
		}
	}
	config.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		conn.CustomData()[sessionKey] = one
		defer one.uncancelled.Store(true)
		return s.begin(ctx, conn, one)
	}
	return nil
}

// begin makes a session's settings, and proves that what its server shows is replicated.
func (s *sessions) begin(ctx context.Context, conn *pgconn.PgConn, one *session) error {
	batch := &pgconn.Batch{}
	for name, value := range s.settings {
		batch.ExecParams(`SELECT set_config($1, $2, false)`, [][]byte{[]byte(name), []byte(value)}, nil, nil, nil)
	}
	if _, err := conn.ExecBatch(ctx, batch).ReadAll(); err != nil {
		return fmt.Errorf("postgres: settings: %w", err)
	}
	s.mu.Lock()
	proof := s.proof
	s.mu.Unlock()
	row, err := rowOf(conn.ExecParams(ctx, `SELECT own.pid::text, extract(epoch FROM own.backend_start)::text,
	EXISTS (SELECT FROM pg_stat_activity other WHERE other.pid::text = $1 AND extract(epoch FROM other.backend_start)::text = $2)::text,
	(pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean)::text
FROM pg_stat_activity own WHERE own.pid = pg_backend_pid()`, [][]byte{[]byte(proof.pid), []byte(proof.start)}, nil, nil, nil))
	if err != nil {
		return err
	}
	if row[3] == "true" {
		return errReadOnly
	}
	if row[2] == "true" {
		// A crash of the server, after which commits are shown that waited for a standby, would
		// have ended that session too.
		return nil
	}
	if err := s.replicated(ctx, conn, one); err != nil {
		return err
	}
	s.mu.Lock()
	s.proof = identity{pid: row[0], start: row[1]}
	s.mu.Unlock()
	if proof != (identity{}) {
		s.another()
	}
	return nil
}

// replicated returns once all that was committed before on the server is where a commit
// must be: on the synchronous standby, where there is one. It commits a message of its own,
// for which nobody waits and which nothing reads, and which the log has behind all that.
func (s *sessions) replicated(ctx context.Context, conn *pgconn.PgConn, one *session) error {
	ctx, cancel := context.WithTimeout(ctx, s.bounds.answer)
	defer cancel()
	one.warned.Store(false)
	// The message may be cancelled: a session that goes on waiting in vain would stay for good.
	one.uncancelled.Store(false)
	if _, err := rowOf(conn.ExecParams(ctx, emitMessage, nil, nil, nil, nil)); err != nil {
		return fmt.Errorf("postgres: wait for the standby: %w", err)
	}
	one.uncancelled.Store(true)
	if one.warned.Load() {
		return errCutShort
	}
	return nil
}

const emitMessage = `SELECT pg_logical_emit_message(true, 'koppi', '')::text`

// errCutShort says that somebody ended a commit's wait for the standby: it is on this server,
// and perhaps on no other.
var errCutShort = errors.New("postgres: the wait for the standby was ended")

// sessionOf is what is known of a connection beside what the library knows.
func sessionOf(conn *pgconn.PgConn) *session {
	one, _ := conn.CustomData()[sessionKey].(*session)
	return one
}

// rowOf reads the one row of a result.
func rowOf(reader *pgconn.ResultReader) ([]string, error) {
	result := reader.Read()
	if result.Err != nil {
		return nil, result.Err
	}
	if len(result.Rows) != 1 {
		return nil, fmt.Errorf("postgres: %d rows for one", len(result.Rows))
	}
	row := make([]string, len(result.Rows[0]))
	for i, value := range result.Rows[0] {
		row[i] = string(value)
	}
	return row, nil
}

// isReadOnly tells whether a server refused a write since it takes none.
func isReadOnly(err error) bool {
	var refused *pgconn.PgError
	return errors.Is(err, errReadOnly) || errors.As(err, &refused) && refused.Code == "25006"
}
