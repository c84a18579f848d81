-- What is fixed for a source besides its kind, as JSON.
ALTER TABLE source ADD COLUMN settings TEXT;

-- Secrets before a source's present one, good until a stated time.
CREATE TABLE source_secret (
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  secret BLOB NOT NULL,
  until INTEGER NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (source, id)
) WITHOUT ROWID;
