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

// sessions opens the sessions of a store with its server. It makes sure that the store acknowledges
// and shows nothing that a failover to a synchronous standby would lose (decision 66):
//
//   - No session sends a cancel request. If a commit is waiting for its standby, PostgreSQL answers
//     such a request by keeping the commit on this server alone and reporting success.
//   - The warning that somebody else ended such a wait is noticed: see errCutShort.
//   - A new session is used only when all that the server shows is replicated: see replicated.
//   - The server ends sessions that are idle inside a transaction or whose connection is dead.
type sessions struct {
	config   *pgxpool.Config
	settings map[string]string
	bounds   bounds
	// another is called once the sessions are with another server than before, or with a server
	// that has crashed. Commits that were not flushed are lost there.
	another func()

	mu sync.Mutex
	// proof is the session that last proved that the server's commits are replicated.
	proof identity
}

// identity names one session of one server, for as long as that server runs.
type identity struct{ pid, start string }

// bounds are time limits.
type bounds struct {
	// idle is how long a session may be idle inside a transaction, and lock how long a session
	// waits for a lock. An idle writer has the journal's lock; since idle is shorter, the server
	// ends its session before another writer stops waiting for the lock.
	idle, lock time.Duration
	// answer is how long a session waits for a server that does not respond. It also bounds the
	// wait for the standby, in a new session and in resolve.
	answer time.Duration
}

var usualBounds = bounds{idle: 5 * time.Second, lock: 10 * time.Second, answer: 10 * time.Second}

// errReadOnly says that a server takes no writes: a standby, or a former primary.
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
	// Settings are made after connecting, because a pooler accepts few of them from a connecting
	// client.
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

// pool opens a pool of at most this many sessions, or more where the connection string asks for
// more.
func (s *sessions) pool(ctx context.Context, most int32) (*pgxpool.Pool, error) {
	config := s.config.Copy()
	config.MaxConns = max(config.MaxConns, most)
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		useColumns(conn)
		return nil
	}
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
	useColumns(conn)
	return conn, nil
}

// session is this package's state of one session, beside the library's.
type session struct {
	// uncancelled is set while a commit in the session must not be cancelled.
	uncancelled atomic.Bool
	// warned says that the server has sent a warning.
	warned atomic.Bool
}

// sessionKey is the key of a session in its connection's custom data.
const sessionKey = "koppi session"

// errNoCancel prevents a cancel request: the library opens a new connection for one, and the dial
// function refuses it.
var errNoCancel = errors.New("postgres: cancel requests are not sent")

// prepare sets up the configuration of one connection, which no other connection may use.
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

// begin makes a session's settings, and checks that what its server shows is replicated.
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
		// After a crash, the server would show commits that had waited for a standby; but a crash
		// would have ended that session too.
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

// replicated returns once everything that was committed before on the server is where a commit must
// be: on the synchronous standby, where there is one. It commits a message that nothing reads and
// no caller waits for; the message comes after those commits in the write-ahead log.
func (s *sessions) replicated(ctx context.Context, conn *pgconn.PgConn, one *session) error {
	ctx, cancel := context.WithTimeout(ctx, s.bounds.answer)
	defer cancel()
	one.warned.Store(false)
	// The wait for this message may be cancelled. Otherwise a session whose wait never ends would
	// stay open for ever.
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

// errCutShort says that somebody ended a commit's wait for the standby. The commit is on this
// server, and perhaps on no other.
var errCutShort = errors.New("postgres: the wait for the standby was cancelled")

// sessionOf returns the session of a connection.
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
		return nil, fmt.Errorf("postgres: %d rows instead of one", len(result.Rows))
	}
	row := make([]string, len(result.Rows[0]))
	for i, value := range result.Rows[0] {
		row[i] = string(value)
	}
	return row, nil
}

// isReadOnly tells whether a server refused a write because it is read-only.
func isReadOnly(err error) bool {
	var refused *pgconn.PgError
	return errors.Is(err, errReadOnly) || errors.As(err, &refused) && refused.Code == "25006"
}
