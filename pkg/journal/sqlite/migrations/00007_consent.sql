-- +goose Up
-- What is told on the client's consent has a key of its own, so that it can be destroyed
-- when the consent is withdrawn. The check of the class is part of the table.
CREATE TABLE deliveries_consent (
    agency          TEXT    NOT NULL,
    sequence        INTEGER NOT NULL CHECK (sequence > 0),
    id              TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    subject_version INTEGER NOT NULL CHECK (subject_version > 0),
    sealed          BLOB    NOT NULL,
    content_hash    BLOB    NOT NULL CHECK (length(content_hash) = 32),
    chain_hash      BLOB    NOT NULL CHECK (length(chain_hash) = 32),
    trace           TEXT    NOT NULL DEFAULT '',
    class           TEXT    NOT NULL DEFAULT 'correspondence' CHECK (class IN ('correspondence', 'consent', 'notice')),
    PRIMARY KEY (agency, sequence),
    UNIQUE (agency, id)
) STRICT, WITHOUT ROWID;
INSERT INTO deliveries_consent SELECT agency, sequence, id, subject, subject_version, sealed, content_hash, chain_hash, trace, class FROM deliveries;
DROP TABLE deliveries;
ALTER TABLE deliveries_consent RENAME TO deliveries;
ALTER TABLE standings ADD COLUMN withdrawn_at INTEGER NOT NULL DEFAULT 0;
-- +goose StatementBegin
CREATE TRIGGER deliveries_update BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'deliveries are never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deliveries_delete BEFORE DELETE ON deliveries BEGIN SELECT RAISE(ABORT, 'deliveries are never deleted'); END;
-- +goose StatementEnd
