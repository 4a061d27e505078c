-- +goose Up
-- Events are inserted in the order of their times, so that a small index of ranges of rows serves statistics,
-- and an append writes next to nothing to it.
DROP INDEX events_at;
CREATE INDEX events_at ON events USING brin (at) WITH (pages_per_range = 32, autosummarize = on);
