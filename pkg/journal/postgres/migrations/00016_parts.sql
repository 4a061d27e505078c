-- +goose Up
-- The units and workers of the agency that have a part in the matter, each between spaces: whose people
-- may read it. Rows that a version before wrote have none until the due-time job completes them.
ALTER TABLE standings ADD COLUMN parts text NOT NULL DEFAULT '';
-- No row of a running suite is in it. The version before still uses standings_unnumbered.
CREATE INDEX standings_incomplete ON standings (subject) WHERE (number = '' OR parts = '') AND role <> 'officer';
