-- +goose Up
-- The hash of the history that a write left; empty for a reading.
ALTER TABLE accesses ADD COLUMN head BLOB NOT NULL DEFAULT x'';
-- A Merkle tree over the accesses, and how far it reaches.
CREATE TABLE log_hashes (
    position INTEGER NOT NULL PRIMARY KEY CHECK (position >= 0),
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT, WITHOUT ROWID;
CREATE TABLE log_state (
    leaves INTEGER NOT NULL,
    hashes INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT;
INSERT INTO log_state VALUES (0, 0, 0);
-- +goose StatementBegin
CREATE TRIGGER log_hashes_update BEFORE UPDATE ON log_hashes BEGIN SELECT RAISE(ABORT, 'log_hashes are never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_hashes_delete BEFORE DELETE ON log_hashes BEGIN SELECT RAISE(ABORT, 'log_hashes are never deleted'); END;
-- +goose StatementEnd
