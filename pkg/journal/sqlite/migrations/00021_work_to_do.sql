-- +goose Up
-- What an agency has to do. A reporter's agency has few such rows and many open ones that wait for others.
CREATE INDEX standings_to_do ON standings (agency, due_at, subject) WHERE NOT ended AND NOT hidden AND (role <> 'sender' OR waiting_on = agency);
CREATE INDEX standings_unit_to_do ON standings (agency, unit, due_at, subject) WHERE NOT ended AND NOT hidden AND (role <> 'sender' OR waiting_on = agency);
-- Every statement that used it has the condition above, in the version before too.
DROP INDEX standings_open_work;
