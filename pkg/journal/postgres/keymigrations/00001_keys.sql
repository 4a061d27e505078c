-- +goose Up
CREATE TABLE keys (
    subject text COLLATE "C" NOT NULL,
    class   text COLLATE "C" NOT NULL,
    -- NULL marks a key that was destroyed, and must not be made again.
    wrapped bytea,
    PRIMARY KEY (subject, class)
);
