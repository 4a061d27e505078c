-- +goose Up
-- The worker who works on the matter beside the holder. The version before writes none.
ALTER TABLE standings ADD COLUMN second text NOT NULL DEFAULT '';
-- Bits that the service's rules define, by which lists are narrowed; negative in rows that a version before
-- wrote, until the due-time job completes them.
ALTER TABLE standings ADD COLUMN marks integer NOT NULL DEFAULT -1;
-- The unit that is on call for the matter beside the holder's, and since when. The version before writes none.
ALTER TABLE standings ADD COLUMN on_call text NOT NULL DEFAULT '';
ALTER TABLE standings ADD COLUMN on_call_at bigint NOT NULL DEFAULT 0;
CREATE INDEX standings_second ON standings (agency, second, due_at, subject) WHERE second <> '';
CREATE INDEX standings_on_call ON standings (agency, on_call, due_at, subject) WHERE on_call <> '';
-- No row of a running suite is in it. It also serves the version before.
DROP INDEX standings_incomplete;
CREATE INDEX standings_incomplete ON standings (subject) WHERE (number = '' OR parts = '' OR marks < 0) AND role <> 'officer';
