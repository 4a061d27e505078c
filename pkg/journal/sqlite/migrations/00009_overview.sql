-- +goose Up
-- What operators count: open loops, as their senders are shown them. No column of it changes
-- while a loop is open, so that it costs nothing then.
CREATE INDEX standings_open ON standings (subject) WHERE role = 'sender' AND NOT ended;
