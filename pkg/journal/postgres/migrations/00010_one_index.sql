-- +goose Up
-- It was the same as standings_client, and cost every step of a matter one more row.
DROP INDEX standings_person;
