-- The log. Its primary key is the fence: of two who write at one position, one collides. Text compares by its bytes.
-- A value with a NUL in it is refused, as PostgreSQL does.
CREATE TABLE log (
    grain TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position > 0),
    claim INTEGER NOT NULL CHECK (claim > 0 AND claim <= position),
    kind TEXT NOT NULL CHECK (instr(kind, char(0)) = 0),
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    at INTEGER NOT NULL, -- microseconds since 1970
    PRIMARY KEY (grain, position)
) WITHOUT ROWID;

CREATE TABLE log_snapshot (
    grain TEXT NOT NULL,
    position INTEGER NOT NULL,
    hash TEXT NOT NULL,
    form INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (grain, position)
);

-- What may enter a grain once.
CREATE TABLE log_key (
    grain TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (instr(scope, char(0)) = 0),
    key TEXT NOT NULL CHECK (instr(key, char(0)) = 0),
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (grain, scope, key)
) WITHOUT ROWID;
CREATE INDEX log_key_at ON log_key (at);

CREATE TABLE log_index (
    name TEXT NOT NULL CHECK (instr(name, char(0)) = 0),
    key TEXT NOT NULL CHECK (instr(key, char(0)) = 0),
    grain TEXT NOT NULL,
    value TEXT NOT NULL CHECK (instr(value, char(0)) = 0),
    PRIMARY KEY (name, key, grain)
) WITHOUT ROWID;

CREATE TABLE log_due (
    grain TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX log_due_at ON log_due (at, grain);

CREATE TABLE log_audit (
    grain TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    position INTEGER NOT NULL,
    body BLOB NOT NULL,
    chain BLOB NOT NULL,
    PRIMARY KEY (grain, number)
) WITHOUT ROWID;

CREATE TABLE log_blob (
    key TEXT NOT NULL PRIMARY KEY CHECK (instr(key, char(0)) = 0),
    body BLOB NOT NULL
);
