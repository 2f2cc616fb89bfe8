-- The first schema, in the subset that SQLite and PostgreSQL share. Ids are UUIDv7 text, times
-- BIGINT milliseconds since the Unix epoch, flags BOOLEAN, enums the words of the code.

-- What the server needs to know and nobody else: `pin_key` is the key of the PINs' HMAC, in hex.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

-- People with a login; e-mail addresses are lower case.
CREATE TABLE users (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    admin BOOLEAN NOT NULL
);

-- Login sessions, under the SHA-256 of their token: who reads this table can use none of them.
CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_ms);
CREATE INDEX sessions_user ON sessions (user_id);

-- The PIN's HMAC covers the room's id, so that equal PINs of two rooms do not look equal.
CREATE TABLE rooms (
    id TEXT PRIMARY KEY NOT NULL,
    number TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL REFERENCES users (id),
    pin_mac TEXT NOT NULL,
    guests_may_start BOOLEAN NOT NULL,
    announce TEXT NOT NULL,
    join_muted BOOLEAN NOT NULL,
    continue_after_host_min BIGINT NOT NULL,
    billing_capture BOOLEAN NOT NULL,
    billing_code TEXT,
    language TEXT NOT NULL,
    record_at_start BOOLEAN NOT NULL,
    max_callers BIGINT NOT NULL
);
CREATE INDEX rooms_owner ON rooms (owner, number);

CREATE TABLE access_numbers (
    number TEXT PRIMARY KEY NOT NULL,
    language TEXT NOT NULL,
    room TEXT REFERENCES rooms (number)
);

-- The names an owner gave to billing codes; a code can be used without being here.
CREATE TABLE billing_codes (
    owner TEXT NOT NULL REFERENCES users (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (owner, code)
);

-- The ledger. Its tables have no foreign keys: they must take whatever a spool brings, in any
-- order, and history outlives the room it happened in. A row made by a later entry than its first
-- has empty text where it does not know better.

-- `billed`: the code was chosen, it is no longer the default the conference began with.
CREATE TABLE conferences (
    id TEXT PRIMARY KEY NOT NULL,
    room TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    end_reason TEXT,
    billing_code TEXT,
    billed BOOLEAN NOT NULL
);
CREATE INDEX conferences_room ON conferences (room, started_ms);
CREATE INDEX conferences_open ON conferences (started_ms) WHERE ended_ms IS NULL;

-- `named`: the caller gave the name, it is no longer the network's.
CREATE TABLE calls (
    id TEXT PRIMARY KEY NOT NULL,
    conference TEXT,
    caller_number TEXT NOT NULL,
    caller_name TEXT NOT NULL,
    named BOOLEAN NOT NULL,
    dialled TEXT NOT NULL,
    host BOOLEAN NOT NULL,
    started_ms BIGINT NOT NULL,
    joined_ms BIGINT,
    ended_ms BIGINT,
    end_reason TEXT
);
-- All that the sums of the usage page need, so that it never reads the table itself.
CREATE INDEX calls_conference ON calls (conference, joined_ms, ended_ms);
CREATE INDEX calls_started ON calls (started_ms);
CREATE INDEX calls_open ON calls (started_ms) WHERE ended_ms IS NULL;

CREATE TABLE recordings (
    id TEXT PRIMARY KEY NOT NULL,
    conference TEXT NOT NULL,
    title TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    stopped_ms BIGINT,
    duration_ms BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    held BOOLEAN NOT NULL,
    deleted_ms BIGINT,
    deleted_why TEXT
);
CREATE INDEX recordings_conference ON recordings (conference, started_ms);
CREATE INDEX recordings_kept ON recordings (started_ms) WHERE deleted_ms IS NULL;

-- Who was told, and when, that a recording ran.
CREATE TABLE recording_notices (
    recording TEXT NOT NULL,
    call_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (recording, call_id, at_ms)
);

-- One row: the newest time in the ledger.
CREATE TABLE ledger_clock (
    one BIGINT PRIMARY KEY NOT NULL CHECK (one = 1),
    newest_ms BIGINT NOT NULL
);
