-- +goose Up
-- Whether a person at the receiver has handled what an agency is shown. What a version before
-- wrote counts as handled until its rows are derived anew.
ALTER TABLE standings ADD COLUMN touched boolean NOT NULL DEFAULT true;
-- The version of the subject from which its rows were derived: every append of this version writes
-- it. Where it is another than the subject's, a version before wrote the rows, by its own rules.
ALTER TABLE loops ADD COLUMN derived bigint NOT NULL DEFAULT 0;
-- No row of a running suite is in it.
CREATE INDEX loops_stale ON loops (derived, subject) WHERE derived <> version AND NOT ended;
