-- +goose Up
-- The hash of the history that a write left; empty for a reading.
ALTER TABLE accesses ADD COLUMN head bytea NOT NULL DEFAULT '';
-- A Merkle tree over the accesses, and how far it reaches.
CREATE TABLE log_hashes (
    position bigint NOT NULL PRIMARY KEY CHECK (position >= 0),
    hash     bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE TABLE log_state (
    leaves bigint NOT NULL,
    hashes bigint NOT NULL,
    number bigint NOT NULL
);
INSERT INTO log_state VALUES (0, 0, 0);
-- +goose StatementBegin
CREATE TRIGGER log_hashes_never BEFORE UPDATE OR DELETE OR TRUNCATE ON log_hashes FOR EACH STATEMENT EXECUTE FUNCTION never();
-- +goose StatementEnd
