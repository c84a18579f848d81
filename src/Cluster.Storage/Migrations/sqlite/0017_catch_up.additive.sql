-- Where a source's sender is asked for deliveries that failed. The path is the source's: one that was made again begins without. The hook is
-- null where it is found by its address. Attempts before `since` are done with; a list that is longer than a round reads goes on at `next_page`,
-- and began at `listing`.
CREATE TABLE source_catch_up (
  source TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  api TEXT NOT NULL,
  owner TEXT NOT NULL,
  hook INTEGER,
  token BLOB NOT NULL,
  since INTEGER NOT NULL,
  next_page TEXT,
  listing INTEGER,
  next_at INTEGER NOT NULL,
  blocked_until INTEGER NOT NULL,
  asked_at INTEGER,
  failures INTEGER NOT NULL,
  problem TEXT
) WITHOUT ROWID;

-- Deliveries that failed: which attempt is to be repeated, how often it was, and when next.
CREATE TABLE source_redelivery (
  source TEXT NOT NULL,
  delivery TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  asked INTEGER NOT NULL,
  due INTEGER NOT NULL,
  given_up INTEGER NOT NULL,
  PRIMARY KEY (source, delivery)
) WITHOUT ROWID;
