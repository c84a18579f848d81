-- The log. Its primary key is the fence: of two who write at one position, one collides. Text compares by its bytes.
CREATE TABLE log (
    grain text COLLATE "C" NOT NULL,
    position bigint NOT NULL CHECK (position > 0),
    claim bigint NOT NULL CHECK (claim > 0 AND claim <= position),
    kind text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    body bytea NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT log_position PRIMARY KEY (grain, position)
);

CREATE TABLE log_snapshot (
    grain text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    hash text NOT NULL,
    form integer NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (grain, position)
);

-- What may enter a grain once.
CREATE TABLE log_key (
    grain text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT log_key_once PRIMARY KEY (grain, scope, key)
);
CREATE INDEX log_key_at ON log_key (at);

CREATE TABLE log_index (
    name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    grain text COLLATE "C" NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (name, key, grain)
);

CREATE TABLE log_due (
    grain text COLLATE "C" PRIMARY KEY,
    at timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0
);
CREATE INDEX log_due_at ON log_due (at, grain);

CREATE TABLE log_audit (
    grain text COLLATE "C" NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    position bigint NOT NULL,
    body bytea NOT NULL,
    chain bytea NOT NULL,
    CONSTRAINT log_audit_number PRIMARY KEY (grain, number)
);

CREATE TABLE log_blob (
    key text COLLATE "C" PRIMARY KEY,
    body bytea NOT NULL
);
