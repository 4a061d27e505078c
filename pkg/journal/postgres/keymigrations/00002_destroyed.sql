-- +goose Up
-- Keys that were destroyed, which a restored journal is told of.
CREATE INDEX keys_destroyed ON keys (class, subject) WHERE wrapped IS NULL;
