-- +goose Up
-- Small documents of agencies beside the history, such as who works where, at their present version.
-- They are not history: rows are changed and deleted.
CREATE TABLE records (
    agency  text COLLATE "C" NOT NULL CHECK (agency <> ''),
    kind    text COLLATE "C" NOT NULL CHECK (kind <> ''),
    key     text COLLATE "C" NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    body    bytea NOT NULL,
    PRIMARY KEY (agency, kind, key)
);
-- How many times an agency's records have changed: readers compare it with what they last read. The
-- mark names the last change, so that a process that lost its connection during the commit finds out
-- whether the change was made.
CREATE TABLE record_revisions (
    agency   text COLLATE "C" NOT NULL PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    mark     text NOT NULL
);
