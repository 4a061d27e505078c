-- +goose Up
-- Each statement that reads a table which grows is led by one of the indexes; the test of
-- plans holds all statements against them.
--
-- Worklists: what a worker holds, what is at a unit, what is open, and what is past due.
CREATE INDEX standings_worker ON standings (agency, worker, due_at, subject) WHERE worker <> '';
CREATE INDEX standings_unit ON standings (agency, unit, due_at, subject);
CREATE INDEX standings_open_work ON standings (agency, due_at, subject) WHERE NOT ended AND NOT hidden;
CREATE INDEX standings_overdue ON standings (agency, due_at, subject) WHERE overdue;
CREATE INDEX standings_silent ON standings (due_at, subject) WHERE role = 'sender' AND NOT ended AND overdue;
-- Messages about one subject, which an agency's endpoint is sent again.
CREATE INDEX deliveries_subject ON deliveries (agency, subject, sequence);
-- What a client has, and what a subject holds, when it is erased.
CREATE INDEX loops_client ON loops (client, subject);
CREATE INDEX claims_subject ON claims (subject);
-- Who looked, the latest first: all of it for the client, and for an agency what its own
-- people did. The agency is the first field of a serialized koppi.common.v1.Party, with its
-- tag and its length, which is below 128.
CREATE INDEX accesses_client_number ON accesses (client, number);
CREATE INDEX accesses_agency ON accesses (client, substr(by, 1, CASE WHEN hex(substr(by, 1, 1)) = '0A' THEN 1 + instr('0123456789ABCDEF', substr(hex(substr(by, 2, 1)), 1, 1)) * 16 - 16 + instr('0123456789ABCDEF', substr(hex(substr(by, 2, 1)), 2, 1)) ELSE 0 END), number);
DROP INDEX accesses_client;
