-- +goose Up
-- Apart from the migration before: one that held both tables would wait for an append, and the
-- append for it.
--
-- The version of the subject from which its rows were derived: every append of this version writes
-- it. Where it is another than the subject's, a version before wrote the rows, by its own rules.
ALTER TABLE loops ADD COLUMN derived INTEGER NOT NULL DEFAULT 0;
-- No row of a running suite is in it.
CREATE INDEX loops_stale ON loops (derived, subject) WHERE derived <> version AND NOT ended;
