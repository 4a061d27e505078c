-- +goose Up
-- No version that can run on this schema uses it.
DROP INDEX standings_unnumbered;
