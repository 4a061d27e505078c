-- +goose Up
-- Whether a person at the receiver has handled what an agency is shown. What a version before
-- wrote counts as handled until its rows are derived anew.
ALTER TABLE standings ADD COLUMN touched boolean NOT NULL DEFAULT true;
-- The version of the subject from which its rows were derived: every append of this version writes
-- it. Where it is another than the subject's, a version before wrote the rows, by its own rules.
ALTER TABLE loops ADD COLUMN derived bigint NOT NULL DEFAULT 0;
-- No row of a running suite is in it.
CREATE INDEX loops_stale ON loops (derived, subject) WHERE derived <> version AND NOT ended;
-- What is urgent and was touched by nobody: few rows, by their due time.
CREATE INDEX standings_untouched ON standings (due_at, subject) WHERE role = 'receiver' AND NOT touched AND NOT ended AND NOT hidden AND urgency IN (1, 2);
