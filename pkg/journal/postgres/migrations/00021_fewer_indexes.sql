-- +goose Up
-- loops_client and loops_case serve these searches. The version before uses them still, and then reads the
-- agency's rows in another order.
DROP INDEX standings_client;
DROP INDEX standings_case;
