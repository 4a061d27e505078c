-- +goose Up
-- The number of the matter, by which its readers search their own lists. Rows that a version before
-- wrote have none until the due-time job numbers them.
ALTER TABLE standings ADD COLUMN number TEXT NOT NULL DEFAULT '';
CREATE INDEX standings_number ON standings (agency, number, due_at, subject);
-- No row of a running suite is in it.
CREATE INDEX standings_unnumbered ON standings (subject) WHERE number = '' AND role <> 'officer';
