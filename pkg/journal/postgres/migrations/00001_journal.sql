-- +goose Up
-- Times are microseconds since 1970, as the hashes have them; the largest number
-- stands for never. Names are compared and sorted byte by byte.
CREATE TABLE events (
    subject   text COLLATE "C" NOT NULL,
    version   bigint  NOT NULL CHECK (version > 0),
    id        text COLLATE "C" NOT NULL UNIQUE,
    type      text    NOT NULL,
    client    text    NOT NULL,
    case_id   text    NOT NULL,
    by        bytea   NOT NULL,
    basis     bytea   NOT NULL,
    at        bigint  NOT NULL,
    trace     text    NOT NULL,
    class     text    NOT NULL,
    sealed    bytea   NOT NULL,
    hash      bytea   NOT NULL CHECK (length(hash) = 32),
    prev_hash bytea   NOT NULL CHECK (length(prev_hash) = 32),
    PRIMARY KEY (subject, version)
);

CREATE TABLE loops (
    subject       text COLLATE "C" NOT NULL PRIMARY KEY,
    service       text    NOT NULL,
    client        text    NOT NULL,
    case_id       text    NOT NULL,
    state         integer NOT NULL,
    version       bigint  NOT NULL CHECK (version > 0),
    head          bytea   NOT NULL CHECK (length(head) = 32),
    next_check_at bigint  NOT NULL,
    ended         boolean NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX loops_due ON loops (next_check_at, subject);

CREATE TABLE standings (
    subject    text COLLATE "C" NOT NULL,
    agency     text COLLATE "C" NOT NULL,
    role       text    NOT NULL,
    unit       text    NOT NULL,
    worker     text    NOT NULL,
    client     text    NOT NULL,
    case_id    text    NOT NULL,
    state      integer NOT NULL,
    phase      integer NOT NULL,
    waiting_on text    NOT NULL,
    due_at     bigint  NOT NULL,
    overdue    boolean NOT NULL,
    hidden     boolean NOT NULL,
    ended      boolean NOT NULL,
    version    bigint  NOT NULL CHECK (version >= 0),
    started_at bigint  NOT NULL,
    PRIMARY KEY (subject, agency)
) WITH (fillfactor = 80);
CREATE INDEX standings_worklist ON standings (agency, role, due_at, subject);
CREATE INDEX standings_client ON standings (client);
CREATE INDEX standings_case ON standings (case_id);

CREATE TABLE mailboxes (
    agency   text COLLATE "C" NOT NULL PRIMARY KEY,
    sequence bigint NOT NULL CHECK (sequence > 0),
    chain    bytea  NOT NULL CHECK (length(chain) = 32)
) WITH (fillfactor = 50);

CREATE TABLE deliveries (
    agency          text COLLATE "C" NOT NULL,
    sequence        bigint NOT NULL CHECK (sequence > 0),
    id              text COLLATE "C" NOT NULL,
    subject         text COLLATE "C" NOT NULL,
    subject_version bigint NOT NULL CHECK (subject_version > 0),
    sealed          bytea  NOT NULL,
    content_hash    bytea  NOT NULL CHECK (length(content_hash) = 32),
    chain_hash      bytea  NOT NULL CHECK (length(chain_hash) = 32),
    PRIMARY KEY (agency, sequence),
    UNIQUE (agency, id)
);

CREATE TABLE consumers (
    agency   text COLLATE "C" NOT NULL,
    name     text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    takeover bigint NOT NULL CHECK (takeover >= 0),
    at       bigint NOT NULL,
    PRIMARY KEY (agency, name)
) WITH (fillfactor = 50);

CREATE TABLE claims (
    key     text COLLATE "C" NOT NULL PRIMARY KEY,
    subject text   NOT NULL,
    version bigint NOT NULL,
    digest  bytea  NOT NULL
);

CREATE TABLE clients (
    subject text COLLATE "C" NOT NULL PRIMARY KEY,
    sealed  bytea NOT NULL
);

CREATE TABLE accesses (
    number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           bigint NOT NULL,
    by           bytea  NOT NULL,
    role         text   NOT NULL,
    on_behalf_of text   NOT NULL,
    subject      text   NOT NULL,
    client       text   NOT NULL,
    method       text   NOT NULL,
    purpose      text   NOT NULL,
    basis        bytea  NOT NULL,
    trace        text   NOT NULL
);
CREATE INDEX accesses_client ON accesses (client, at);

CREATE TABLE settings (
    key   text COLLATE "C" NOT NULL PRIMARY KEY,
    value text NOT NULL
);

-- How often keys were destroyed: who has keys in memory sees by it that they must
-- be read anew.
CREATE TABLE erasures (count bigint NOT NULL);
INSERT INTO erasures VALUES (0);

-- History is added to and never changed, whoever asks.
-- +goose StatementBegin
CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% are never changed', TG_TABLE_NAME;
END $$;
-- +goose StatementEnd
CREATE TRIGGER events_never BEFORE UPDATE OR DELETE OR TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION never();
CREATE TRIGGER deliveries_never BEFORE UPDATE OR DELETE OR TRUNCATE ON deliveries FOR EACH STATEMENT EXECUTE FUNCTION never();
CREATE TRIGGER accesses_never BEFORE UPDATE OR DELETE OR TRUNCATE ON accesses FOR EACH STATEMENT EXECUTE FUNCTION never();
