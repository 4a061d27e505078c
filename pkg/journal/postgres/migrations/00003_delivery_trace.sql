-- +goose Up
-- W3C trace of the command that a message came of, for operators. No hash is over it.
ALTER TABLE deliveries ADD COLUMN trace text NOT NULL DEFAULT '';
