-- +goose Up
-- A number is of one matter or of very few, so the order of the rows need not be in the index.
DROP INDEX standings_number;
CREATE INDEX standings_number ON standings (agency, number);
-- PostgreSQL never used it: where the agency is given, it no longer sees that waiting_on = agency, as the index demands.
-- What waits at a unit is read by standings_unit.
DROP INDEX standings_waiting;
-- No version that can run on this schema uses it.
DROP INDEX standings_unnumbered;
