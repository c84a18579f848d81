-- While a window is open, strangers who write to a bot are answered with a code, which whoever opened it confirms.

CREATE TABLE pairing_window (
  principal TEXT PRIMARY KEY,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;

-- A stranger who has been given a code; forgotten with the code, or with the last window.
CREATE TABLE pairing_request (
  handle TEXT PRIMARY KEY,
  secret_hash TEXT NOT NULL,
  identity TEXT NOT NULL,
  conversation TEXT NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX pairing_request_identity ON pairing_request (identity);
