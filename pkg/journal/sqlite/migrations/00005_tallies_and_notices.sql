-- +goose Up
-- What statistics count of a subject: each thing once, in the month in which it first
-- happened. It names nobody and outlives the keys.
CREATE TABLE tallies (
    subject  TEXT    NOT NULL,
    what     TEXT NOT NULL,
    month    TEXT NOT NULL,
    sender   TEXT NOT NULL,
    receiver TEXT NOT NULL,
    at       INTEGER NOT NULL,
    waited   INTEGER NOT NULL CHECK (waited >= 0),
    PRIMARY KEY (subject, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX tallies_month ON tallies (month, what);
-- Who acted in a month.
CREATE INDEX events_at ON events (at);

-- What units were told waits for them: the last of each agency and subject.
CREATE TABLE told (
    subject TEXT NOT NULL,
    agency  TEXT NOT NULL,
    kind    INTEGER NOT NULL,
    due_at  INTEGER NOT NULL,
    told    INTEGER NOT NULL CHECK (told > 0),
    at      INTEGER NOT NULL,
    PRIMARY KEY (subject, agency)
) STRICT, WITHOUT ROWID;
ALTER TABLE standings ADD COLUMN urgency INTEGER NOT NULL DEFAULT 0;
CREATE INDEX standings_waiting ON standings (agency, due_at) WHERE waiting_on = agency AND NOT ended AND NOT hidden;
CREATE INDEX standings_asked_in ON standings (agency) WHERE role = 'participant' AND version = 1 AND NOT ended AND NOT hidden;
