-- +goose Up
-- What waits in no list but for a word: few rows of an agency that may have a million.
CREATE INDEX IF NOT EXISTS standings_hidden ON standings (agency, due_at, subject) WHERE hidden AND NOT ended;
