-- Where a source's sender is asked for deliveries that failed. The path is the source's: one that was made again begins without. The hook is
-- found by its address when it was not named. Deliveries before `since` are done with.
CREATE TABLE source_catch_up (
  source TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  api TEXT NOT NULL,
  owner TEXT NOT NULL,
  hook INTEGER,
  token BLOB NOT NULL,
  since INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  blocked_until INTEGER NOT NULL,
  asked_at INTEGER,
  failures INTEGER NOT NULL,
  problem TEXT
) WITHOUT ROWID;

-- How often a delivery was asked for again.
CREATE TABLE source_redelivery (
  source TEXT NOT NULL,
  delivery TEXT NOT NULL,
  asked INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (source, delivery)
) WITHOUT ROWID;
