-- +goose Up
CREATE TABLE keys (
    subject TEXT NOT NULL,
    class   TEXT NOT NULL,
    -- NULL marks a key that was destroyed, and must not be made again.
    wrapped BLOB,
    PRIMARY KEY (subject, class)
) STRICT, WITHOUT ROWID;
