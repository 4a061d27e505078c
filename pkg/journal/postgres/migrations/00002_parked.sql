-- +goose Up
-- Subjects whose messages a callback endpoint refused for good.
CREATE TABLE parked (
    agency   text COLLATE "C" NOT NULL,
    consumer text COLLATE "C" NOT NULL,
    subject  text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    code     bigint NOT NULL,
    retry    boolean NOT NULL,
    at       bigint NOT NULL,
    PRIMARY KEY (agency, consumer, subject)
);
