package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// openPrepared opens a database whose connections keep their statements: SQLite compiles each once for a
// connection, which takes longer than most of them take to run.
func openPrepared(driverName, dsn string) (*sql.DB, error) {
	plain, err := sql.Open(driverName, dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	defer func() { _ = plain.Close() }()
	return sql.OpenDB(connector{plain.Driver(), dsn}), nil
}

var errNoContexts = errors.New("sqlite: the driver takes no contexts")

type connector struct {
	driver driver.Driver
	dsn    string
}

// Driver returns the driver underneath.
func (c connector) Driver() driver.Driver { return c.driver }

// Connect opens a connection.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	full, ok := opened.(fullConn)
	if !ok {
		return nil, errors.Join(errNoContexts, opened.Close())
	}
	return &preparedConn{fullConn: full, statements: map[string]*keptStatement{}}, nil
}

// fullConn is what a connection of the driver offers.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

// maxPrepared bounds the statements of a connection. The texts of a writer's statements are few and fixed.
const maxPrepared = 256

// preparedConn is a connection that keeps its statements. It serves one caller at a time, as database/sql
// requires.
type preparedConn struct {
	fullConn

	statements map[string]*keptStatement
}

// keptStatement is a kept statement. It is busy while its rows are read.
type keptStatement struct {
	made fullStmt
	busy bool
}

// fullStmt is what a statement of the driver offers.
type fullStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// prepared returns the kept statement of a text; nil where the text is better run at once. One without
// arguments, such as a migration of several statements, is not kept.
func (c *preparedConn) prepared(ctx context.Context, query string, args []driver.NamedValue) (*keptStatement, error) {
	kept, known := c.statements[query]
	switch {
	case known && kept.busy, !known && (len(args) == 0 || len(c.statements) >= maxPrepared):
		return nil, nil //nolint:nilnil // the comment says so
	case known:
		return kept, nil
	}
	made, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	full, ok := made.(fullStmt)
	if !ok {
		return nil, errors.Join(errNoContexts, made.Close())
	}
	kept = &keptStatement{made: full}
	c.statements[query] = kept
	return kept, nil
}

// ExecContext runs a statement that changes rows.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	kept, err := c.prepared(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		return c.fullConn.ExecContext(ctx, query, args)
	}
	return kept.made.ExecContext(ctx, args)
}

// QueryContext runs a statement that returns rows.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	kept, err := c.prepared(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		return c.fullConn.QueryContext(ctx, query, args)
	}
	found, err := kept.made.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	kept.busy = true
	return &preparedRows{found, kept}, nil
}

// preparedRows frees their statement when they are closed.
type preparedRows struct {
	driver.Rows

	of *keptStatement
}

// Close ends the reading.
func (r *preparedRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}

// Close closes the statements and the connection.
func (c *preparedConn) Close() error {
	var failed []error
	for _, kept := range c.statements {
		failed = append(failed, kept.made.Close())
	}
	return errors.Join(append(failed, c.fullConn.Close())...)
}

// ResetSession forwards what the driver does before a connection is used again.
func (c *preparedConn) ResetSession(ctx context.Context) error {
	if resetter, ok := c.fullConn.(driver.SessionResetter); ok {
		return resetter.ResetSession(ctx)
	}
	return nil
}

// IsValid tells whether the connection can be used again.
func (c *preparedConn) IsValid() bool {
	validator, ok := c.fullConn.(driver.Validator)
	return !ok || validator.IsValid()
}
