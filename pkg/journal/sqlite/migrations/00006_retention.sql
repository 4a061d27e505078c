-- +goose Up
-- When a subject ended, and the years of the last term whose keys were destroyed.
ALTER TABLE loops ADD COLUMN ended_at INTEGER NOT NULL DEFAULT 9223372036854775807;
ALTER TABLE loops ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
UPDATE loops SET ended_at = (SELECT MAX(at) FROM events WHERE events.subject = loops.subject) WHERE ended;
CREATE INDEX loops_ended ON loops (expired, ended_at, subject) WHERE ended;

-- What is kept whatever its age, and who said so. A reason holds no personal data.
CREATE TABLE holds (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    subject     TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    by          TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    released_by TEXT,
    released_at INTEGER
) STRICT;
CREATE INDEX holds_standing ON holds (subject) WHERE released_at IS NULL;
