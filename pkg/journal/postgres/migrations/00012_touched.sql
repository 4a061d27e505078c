-- +goose Up
-- Whether a person at the receiver has handled what an agency is shown. What a version before
-- wrote counts as handled until its rows are derived anew.
ALTER TABLE standings ADD COLUMN touched boolean NOT NULL DEFAULT true;
-- What is urgent and was touched by nobody: few rows, by their due time.
CREATE INDEX standings_untouched ON standings (due_at, subject) WHERE role = 'receiver' AND NOT touched AND NOT ended AND NOT hidden AND urgency IN (1, 2);
