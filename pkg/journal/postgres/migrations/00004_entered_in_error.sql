-- +goose Up
-- The retention class whose key seals a message: that something was entered in error
-- outlives what it is about.
ALTER TABLE deliveries ADD COLUMN class TEXT NOT NULL DEFAULT 'correspondence' CHECK (class IN ('correspondence', 'notice'));
-- A person reads their own subjects, whoever has them.
CREATE INDEX standings_person ON standings (client);
