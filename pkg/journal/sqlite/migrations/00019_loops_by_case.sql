-- +goose Up
-- A subject has one row here and one for each reader in standings: whoever searches by case starts here.
CREATE INDEX loops_case ON loops (case_id, subject) WHERE case_id <> '';
-- loops_client and loops_case serve these searches.
DROP INDEX standings_client;
DROP INDEX standings_case;
DROP INDEX IF EXISTS standings_person;
