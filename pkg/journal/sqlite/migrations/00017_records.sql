-- +goose Up
-- Small documents of agencies beside the history, such as who works where, at their present version.
-- They are not history: rows are changed and deleted.
CREATE TABLE records (
    agency  TEXT NOT NULL CHECK (agency <> ''),
    kind    TEXT NOT NULL CHECK (kind <> ''),
    key     TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    body    BLOB NOT NULL,
    PRIMARY KEY (agency, kind, key)
) STRICT, WITHOUT ROWID;
-- How many times an agency's records have changed: readers compare it with what they last read.
CREATE TABLE record_revisions (
    agency   TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0)
) STRICT, WITHOUT ROWID;
