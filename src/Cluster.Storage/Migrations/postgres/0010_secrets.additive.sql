-- What is fixed for a source besides its kind, as JSON.
ALTER TABLE source ADD COLUMN settings TEXT COLLATE "C";

-- Secrets before a source's present one, good until a stated time.
CREATE TABLE source_secret (
  source TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  secret BYTEA NOT NULL,
  until BIGINT NOT NULL,
  used_at BIGINT,
  PRIMARY KEY (source, id)
);
