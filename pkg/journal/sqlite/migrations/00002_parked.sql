-- +goose Up
-- Subjects whose messages a callback endpoint refused for good.
CREATE TABLE parked (
    agency   TEXT NOT NULL,
    consumer TEXT NOT NULL,
    subject  TEXT NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence > 0),
    code     INTEGER NOT NULL,
    retry    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (agency, consumer, subject)
) STRICT, WITHOUT ROWID;
