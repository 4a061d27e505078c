-- +goose Up
-- What operators count: open loops, as their senders are shown them. No column of it changes
-- while a loop is open, so that it costs nothing then.
CREATE INDEX standings_open ON standings (subject) WHERE role = 'sender' AND NOT ended;
-- What waits in no list but for a word: few rows of an agency that may have a million.
CREATE INDEX standings_hidden ON standings (agency, due_at, subject) WHERE hidden AND NOT ended;
