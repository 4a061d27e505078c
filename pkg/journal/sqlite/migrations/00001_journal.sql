-- +goose Up
CREATE TABLE events (
    subject   TEXT    NOT NULL,
    version   INTEGER NOT NULL CHECK (version > 0),
    id        TEXT    NOT NULL UNIQUE,
    type      TEXT    NOT NULL,
    client    TEXT    NOT NULL,
    case_id   TEXT    NOT NULL,
    by        BLOB    NOT NULL,
    basis     BLOB    NOT NULL,
    at        INTEGER NOT NULL,
    trace     TEXT    NOT NULL,
    class     TEXT    NOT NULL,
    sealed    BLOB    NOT NULL,
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),
    prev_hash BLOB    NOT NULL CHECK (length(prev_hash) = 32),
    PRIMARY KEY (subject, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE loops (
    subject       TEXT    NOT NULL PRIMARY KEY,
    service       TEXT    NOT NULL,
    client        TEXT    NOT NULL,
    case_id       TEXT    NOT NULL,
    state         INTEGER NOT NULL,
    version       INTEGER NOT NULL CHECK (version > 0),
    head          BLOB    NOT NULL CHECK (length(head) = 32),
    next_check_at INTEGER NOT NULL,
    ended         INTEGER NOT NULL CHECK (ended IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX loops_due ON loops (next_check_at, subject);

CREATE TABLE standings (
    subject    TEXT    NOT NULL,
    agency     TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    unit       TEXT    NOT NULL,
    worker     TEXT    NOT NULL,
    client     TEXT    NOT NULL,
    case_id    TEXT    NOT NULL,
    state      INTEGER NOT NULL,
    phase      INTEGER NOT NULL,
    waiting_on TEXT    NOT NULL,
    due_at     INTEGER NOT NULL,
    overdue    INTEGER NOT NULL CHECK (overdue IN (0, 1)),
    hidden     INTEGER NOT NULL CHECK (hidden IN (0, 1)),
    ended      INTEGER NOT NULL CHECK (ended IN (0, 1)),
    version    INTEGER NOT NULL CHECK (version >= 0),
    started_at INTEGER NOT NULL,
    PRIMARY KEY (subject, agency)
) STRICT, WITHOUT ROWID;
CREATE INDEX standings_worklist ON standings (agency, role, due_at, subject);
CREATE INDEX standings_client ON standings (agency, client);
CREATE INDEX standings_case ON standings (agency, case_id);

CREATE TABLE mailboxes (
    agency   TEXT    NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL CHECK (sequence > 0),
    chain    BLOB    NOT NULL CHECK (length(chain) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    agency          TEXT    NOT NULL,
    sequence        INTEGER NOT NULL CHECK (sequence > 0),
    id              TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    subject_version INTEGER NOT NULL CHECK (subject_version > 0),
    sealed          BLOB    NOT NULL,
    content_hash    BLOB    NOT NULL CHECK (length(content_hash) = 32),
    chain_hash      BLOB    NOT NULL CHECK (length(chain_hash) = 32),
    PRIMARY KEY (agency, sequence),
    UNIQUE (agency, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE consumers (
    agency   TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    takeover INTEGER NOT NULL CHECK (takeover >= 0),
    at       INTEGER NOT NULL,
    PRIMARY KEY (agency, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE claims (
    key     TEXT    NOT NULL PRIMARY KEY,
    subject TEXT    NOT NULL,
    version INTEGER NOT NULL,
    digest  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
    subject TEXT NOT NULL PRIMARY KEY,
    sealed  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accesses (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    by           BLOB    NOT NULL,
    role         TEXT    NOT NULL,
    on_behalf_of TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    client       TEXT    NOT NULL,
    method       TEXT    NOT NULL,
    purpose      TEXT    NOT NULL,
    basis        BLOB    NOT NULL,
    trace        TEXT    NOT NULL
) STRICT;
CREATE INDEX accesses_client ON accesses (client, at);

CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- History is added to and never changed.
-- +goose StatementBegin
CREATE TRIGGER events_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER events_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deliveries_update BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'deliveries are never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deliveries_delete BEFORE DELETE ON deliveries BEGIN SELECT RAISE(ABORT, 'deliveries are never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER accesses_update BEFORE UPDATE ON accesses BEGIN SELECT RAISE(ABORT, 'accesses are never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER accesses_delete BEFORE DELETE ON accesses BEGIN SELECT RAISE(ABORT, 'accesses are never deleted'); END;
-- +goose StatementEnd
