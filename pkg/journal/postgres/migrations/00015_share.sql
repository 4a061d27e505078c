-- +goose Up
-- The share of a class whose key seals a message: what is disclosed to one member of a plan on its own
-- consent. Empty for the key that the whole class has.
ALTER TABLE deliveries ADD COLUMN share text NOT NULL DEFAULT '';
