-- +goose Up
-- What is told on the client's consent has a key of its own, so that it can be destroyed
-- when the consent is withdrawn.
ALTER TABLE deliveries DROP CONSTRAINT deliveries_class_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_class_check CHECK (class IN ('correspondence', 'consent', 'notice'));
ALTER TABLE standings ADD COLUMN withdrawn_at bigint NOT NULL DEFAULT 0;
