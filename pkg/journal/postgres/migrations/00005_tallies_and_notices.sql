-- +goose Up
-- What statistics count of a subject: each thing once, in the month in which it first
-- happened. It names nobody and outlives the keys.
CREATE TABLE tallies (
    subject  text COLLATE "C" NOT NULL,
    what     text COLLATE "C" NOT NULL,
    month    text COLLATE "C" NOT NULL,
    sender   text COLLATE "C" NOT NULL,
    receiver text COLLATE "C" NOT NULL,
    at       bigint NOT NULL,
    waited   bigint NOT NULL CHECK (waited >= 0),
    PRIMARY KEY (subject, what)
);
CREATE INDEX tallies_month ON tallies (month, what);
-- Who acted in a month.
CREATE INDEX events_at ON events (at);

-- What units were told waits for them: the last of each agency and subject.
CREATE TABLE told (
    subject text COLLATE "C" NOT NULL,
    agency  text COLLATE "C" NOT NULL,
    kind    integer NOT NULL,
    due_at  bigint NOT NULL,
    told    integer NOT NULL CHECK (told > 0),
    at      bigint NOT NULL,
    PRIMARY KEY (subject, agency)
);
ALTER TABLE standings ADD COLUMN urgency integer NOT NULL DEFAULT 0;
CREATE INDEX standings_waiting ON standings (agency, due_at) WHERE waiting_on = agency AND NOT ended AND NOT hidden;
CREATE INDEX standings_asked_in ON standings (agency) WHERE role = 'participant' AND version = 1 AND NOT ended AND NOT hidden;
